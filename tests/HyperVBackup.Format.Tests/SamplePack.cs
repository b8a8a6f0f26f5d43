using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;

namespace HyperVBackup.Format.Tests;

/// <summary>Reads a whole pack and checks everything in it, each record against the footer and its id.</summary>
internal sealed class SamplePack(byte[] bytes, FileHeader header, PackTrailer trailer, PackTable table)
{
    public FileHeader Header => header;

    public PackTrailer Trailer => trailer;

    public PackTable Table => table;

    public IEnumerable<PackEntry> EntriesByOffset =>
        Enumerable.Range(0, table.Count).Select(index => table[index]).OrderBy(entry => entry.OffsetBytes);

    private int ChunkSizeBytes => trailer.PagesPerChunk * FormatLimits.PageSizeBytes;

    public static SamplePack Read(byte[] bytes)
    {
        FileHeader header = FileHeader.Read(bytes);
        Corrupt.Unless(bytes.Length >= FileHeader.SizeBytes + PackTrailer.SizeBytes, "pack: length");
        PackTrailer trailer = PackTrailer.Read(bytes.AsSpan(bytes.Length - PackTrailer.SizeBytes), bytes.Length);
        ReadOnlySpan<byte> tableBytes = bytes.AsSpan((int)trailer.TableStartBytes, trailer.TableLengthBytes);
        SamplePack pack = new(bytes, header, trailer, PackTable.Read(tableBytes, trailer));
        if (trailer.PagesPerChunk != 0)
        {
            pack.CheckPages();
        }

        foreach (PackEntry entry in pack.EntriesByOffset)
        {
            Corrupt.Unless(
                PackEntry.Of(pack.RecordOf(entry), entry.OffsetBytes) == entry, "pack: a record is not its entry");
        }

        return pack;
    }

    public Record RecordOf(PackEntry entry) =>
        Record.Read(bytes.AsSpan((int)entry.OffsetBytes, (int)entry.LengthBytes));

    public byte[] ChunkOf(PackEntry entry)
    {
        byte[] chunk = new byte[ChunkSizeBytes];
        ChunkRecord.Decode(bytes.AsSpan((int)entry.OffsetBytes, (int)entry.LengthBytes), chunk);
        return chunk;
    }

    private void CheckPages()
    {
        Memory<byte> section = bytes.AsMemory(
            (int)trailer.PageSectionStartBytes, (int)trailer.PageSectionLengthBytes);
        PackPages pages = PackPages.Read(section, trailer, table);
        pages.CheckIds(ContentHasher.Plain);
        Digest[] fromFooter = new Digest[trailer.PagesPerChunk];
        Digest[] fromRecord = new Digest[trailer.PagesPerChunk];
        for (int index = 0; index < table.Count; index++)
        {
            pages.GetHashes(index, fromFooter);
            ContentHasher.Plain.IdOfChunk(ChunkOf(table[index]), fromRecord);
            Corrupt.Unless(fromFooter.AsSpan().SequenceEqual(fromRecord), "pack: page hashes");
        }
    }
}
