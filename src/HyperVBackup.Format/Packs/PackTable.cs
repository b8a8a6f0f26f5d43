using System.Buffers.Binary;
using System.Numerics;
using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Records;

namespace HyperVBackup.Format.Packs;

/// <summary>
/// The list of a pack's records, sorted by id, then offset. Kept as stored: 56 bytes a record. Immutable and
/// thread-safe. Holds, unless its pack's footer is lost: the records fill the pack from its file header to its footer
/// without gap or overlap.
/// </summary>
public sealed class PackTable
{
    private readonly byte[] bytes;

    private PackTable(byte[] bytes) => this.bytes = bytes;

    public int Count => bytes.Length / PackEntry.SizeBytes;

    /// <summary>All records, in the order of ids.</summary>
    public IEnumerable<PackEntry> Entries => Enumerable.Range(0, Count).Select(index => this[index]);

    /// <param name="index">From 0, in the order of ids.</param>
    public PackEntry this[int index] =>
        PackEntry.Read(bytes.AsSpan(index * PackEntry.SizeBytes, PackEntry.SizeBytes));

    /// <param name="tableBytes">What lies where the trailer says the table does.</param>
    /// <exception cref="CorruptDataException">Damaged, unsorted, or against repo-format/pack.md.</exception>
    public static PackTable Read(ReadOnlySpan<byte> tableBytes, in PackTrailer trailer)
    {
        Corrupt.Unless(tableBytes.Length == trailer.TableLengthBytes, "pack table: length");
        Corrupt.Unless(trailer.IsTable(tableBytes), "pack table: checksum");
        PackTable table = new(tableBytes.ToArray());
        PackEntry previous = default;
        for (int index = 0; index < table.Count; index++)
        {
            PackEntry entry = table[index];
            RequireSense(entry, trailer.PagesPerChunk);
            Corrupt.Unless(index == 0 || Compare(previous, entry) < 0, "pack table: order");
            previous = entry;
        }

        table.RequireNoGapBefore(trailer.PageSectionStartBytes);
        return table;
    }

    /// <summary>A table of the records that were found in a pack whose own is lost, in any order; between them there
    /// may be gaps. They have no hooks.</summary>
    public static PackTable OfWhatIsLeft(IEnumerable<PackEntry> entries)
    {
        PackEntry[] sorted = [.. entries];
        Array.Sort(sorted, static (left, right) => Compare(left, right));
        PackTable table = new(new byte[sorted.Length * PackEntry.SizeBytes]);
        for (int index = 0; index < sorted.Length; index++)
        {
            sorted[index].WriteTo(table.bytes.AsSpan(index * PackEntry.SizeBytes));
        }

        return table;
    }

    /// <summary>Finds the first record of an id; a pack may hold more than one.</summary>
    public bool TryFind(Digest id, out PackEntry entry)
    {
        int index = FirstFrom(id);
        entry = index < Count ? this[index] : default;
        return index < Count && entry.Id == id;
    }

    /// <summary>All records of an id, in the order of their offsets.</summary>
    public List<PackEntry> FindAll(Digest id)
    {
        List<PackEntry> found = [];
        for (int index = FirstFrom(id); index < Count && this[index].Id == id; index++)
        {
            found.Add(this[index]);
        }

        return found;
    }

    /// <summary>All records of any of these ids. Goes over the table once where they are many.</summary>
    public List<PackEntry> FindAny(IReadOnlySet<Digest> ids)
    {
        const int EntriesForOneSearch = 8;
        return (long)ids.Count * EntriesForOneSearch < Count
            ? [.. ids.SelectMany(FindAll)]
            : [.. Enumerable.Range(0, Count).Select(index => this[index]).Where(entry => ids.Contains(entry.Id))];
    }

    /// <summary>The index of the first entry whose id is not below <paramref name="id"/>.</summary>
    public int FirstFrom(Digest id)
    {
        int low = 0;
        int high = Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (this[middle].Id.CompareTo(id) < 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    internal static int Compare(in PackEntry left, in PackEntry right)
    {
        int order = left.Id.CompareTo(right.Id);
        return order != 0 ? order : left.OffsetBytes.CompareTo(right.OffsetBytes);
    }

    /// <summary>Checks what one entry says of itself in a pack of that many pages per chunk.</summary>
    private static void RequireSense(in PackEntry entry, int pagesPerChunk)
    {
        Corrupt.Unless(!entry.Id.IsZero, "pack table: id");
        Corrupt.Unless(Enum.IsDefined(entry.Codec), "pack table: codec");
        bool isChunkPack = pagesPerChunk != 0;
        Corrupt.Unless(
            isChunkPack
                ? entry.Type is RecordType.Whole or RecordType.Delta
                : entry.Type is RecordType.Node or RecordType.List,
            "pack table: type");
        Corrupt.Unless(
            entry.PlainLengthBytes is > 0 and <= FormatLimits.RecordPlainLengthMaxBytes, "pack table: plain length");
        Corrupt.Unless(
            entry.LengthBytes > Record.HeaderSizeBytes
            && entry.LengthBytes <= Record.HeaderSizeBytes + FormatLimits.RecordExtensionLengthMaxBytes
                + entry.PlainLengthBytes,
            "pack table: length of a record");
        Corrupt.Unless(
            entry.Type == RecordType.Whole
                ? entry.StoredPageCount > 0 && entry.StoredPageCount <= pagesPerChunk
                    && entry.PlainLengthBytes == (uint)(entry.StoredPageCount * FormatLimits.PageSizeBytes)
                : entry.StoredPageCount == 0,
            "pack table: stored page count");
        Corrupt.Unless(entry.Type == RecordType.Whole || entry.Hook == 0, "pack table: hook");
        Corrupt.Unless(
            entry.Type != RecordType.Delta || (entry.Codec == Codec.None
                && entry.LengthBytes == Record.HeaderSizeBytes + entry.PlainLengthBytes),
            "pack table: length of a delta record");
    }

    private void RequireNoGapBefore(uint endBytes)
    {
        ulong[] places = new ulong[Count]; // the offset above, the length below, so that they sort as one word
        for (int index = 0; index < Count; index++)
        {
            int at = (index * PackEntry.SizeBytes) + PackEntry.OffsetAt;
            places[index] = BitOperations.RotateLeft(BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(at)), 32);
        }

        Array.Sort(places);
        long next = FileHeader.SizeBytes;
        foreach (ulong place in places)
        {
            Corrupt.Unless((long)(place >> 32) == next, "pack table: records overlap or leave a gap");
            next += (long)(place & uint.MaxValue);
        }

        Corrupt.Unless(next == endBytes, "pack table: records do not end at the footer");
    }
}
