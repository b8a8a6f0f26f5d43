using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;

namespace HyperVBackup.Repository.Packs;

/// <summary>The last look at a pack's bytes before they are handed to the store: since a record was proven by decoding
/// it, its bytes and what the footer will say of it lay in memory. One thread at a time.</summary>
internal sealed class PackSeal(PackName name)
{
    private readonly Queue<PackEntry> noted = [];

    /// <summary>A record whose bytes are to come next.</summary>
    public void Note(in PackEntry entry) => noted.Enqueue(entry);

    /// <summary>Holds bytes about to be written against their checksums, and against what was noted.</summary>
    /// <exception cref="MemoryFaultException">They changed.</exception>
    public void RequireRecords(ReadOnlySpan<byte> records)
    {
        try
        {
            while (!records.IsEmpty)
            {
                Record record = Record.Read(records);
                Corrupt.Unless(noted.Dequeue().IsOf(record), "record: not the one that was encoded");
                records = records[record.TotalLengthBytes..];
            }
        }
        catch (CorruptDataException complaint)
        {
            throw Changed("A record", complaint);
        }
    }

    /// <summary>Holds a footer about to be written against the ids of its records, and them against the file.</summary>
    /// <param name="startBytes">Where it will stand.</param>
    /// <exception cref="MemoryFaultException">It does not fit.</exception>
    public void RequireFooter(ReadOnlyMemory<byte> footer, long startBytes, ContentHasher hasher)
    {
        Invariant.Check(noted.Count == 0);
        try
        {
            PackTrailer trailer = PackTrailer.Read(
                footer.Span[^PackTrailer.SizeBytes..], startBytes + footer.Length);
            PackTable table = PackTable.Read(SectionOf(trailer.TableStartBytes, trailer.TableLengthBytes), trailer);
            RequireNoGap(table, startBytes);
            if (trailer.PagesPerChunk != 0)
            {
                PackPages.Read(SectionOf(trailer.PageSectionStartBytes, trailer.PageSectionLengthBytes), trailer, table)
                    .CheckIds(hasher);
                PackRecipes.Read(
                    SectionOf(trailer.RecipeSectionStartBytes, trailer.RecipeSectionLengthBytes), trailer, table);
            }
        }
        catch (CorruptDataException complaint)
        {
            throw Changed("The footer", complaint);
        }

        byte[] SectionOf(long atBytes, long lengthBytes) =>
            footer.Slice(checked((int)(atBytes - startBytes)), checked((int)lengthBytes)).ToArray();
    }

    private static void RequireNoGap(PackTable table, long endBytes)
    {
        (uint OffsetBytes, uint LengthBytes)[] places = new (uint, uint)[table.Count];
        for (int index = 0; index < places.Length; index++)
        {
            places[index] = (table[index].OffsetBytes, table[index].LengthBytes);
        }

        Array.Sort(places);
        long expectedBytes = FileHeader.SizeBytes;
        foreach ((uint offsetBytes, uint lengthBytes) in places)
        {
            Corrupt.Unless(offsetBytes == expectedBytes, "pack table: a gap between records");
            expectedBytes += lengthBytes;
        }

        Corrupt.Unless(expectedBytes == endBytes, "pack table: a gap behind the records");
    }

    private MemoryFaultException Changed(string what, CorruptDataException complaint) => new(
        $"{what} of pack '{name}' changed between being checked and being written ({complaint.Message})", complaint);
}
