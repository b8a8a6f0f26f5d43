using System.Buffers;
using System.Runtime.InteropServices;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Records;

namespace HyperVBackup.Format.Packs;

/// <summary>Collects what a pack's footer says of its records while they are written. Not thread-safe. Takes 48 bytes
/// a record and 32 a stored page.</summary>
public sealed class PackFooterBuilder
{
    private readonly int pagesPerChunk;
    private readonly List<Line> lines = [];
    private readonly List<Digest> storedHashes = [];
    private readonly List<byte> bitmaps = [];

    /// <param name="pagesPerChunk">0 for map packs.</param>
    public PackFooterBuilder(int pagesPerChunk)
    {
        if (pagesPerChunk != 0 && !FormatLimits.IsChunkSize((long)pagesPerChunk * FormatLimits.PageSizeBytes))
        {
            throw new ArgumentOutOfRangeException(nameof(pagesPerChunk), pagesPerChunk, "No chunk has so many pages.");
        }

        this.pagesPerChunk = pagesPerChunk;
    }

    public int Count => lines.Count;

    /// <summary>What <see cref="WriteTo"/> will write.</summary>
    public long LengthBytes => PageSectionLengthBytes + (lines.Count * PackEntry.SizeBytes) + PackTrailer.SizeBytes;

    private int BitmapLengthBytes => ChunkRecord.BitmapLengthBytes(pagesPerChunk);

    private int PageSectionLengthBytes => bitmaps.Count + (storedHashes.Count * Digest.SizeBytes);

    /// <param name="pageHashes">Of all the chunk's pages, zero for those not stored; none in map packs.</param>
    public void Add(in PackEntry entry, ReadOnlySpan<Digest> pageHashes)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(pageHashes.Length, pagesPerChunk);
        lines.Add(new Line(entry, lines.Count, storedHashes.Count));
        Span<byte> bitmap = stackalloc byte[BitmapLengthBytes];
        ChunkRecord.FillBitmap(pageHashes, bitmap);
        bitmaps.AddRange(bitmap);
        foreach (Digest hash in pageHashes)
        {
            if (!hash.IsZero)
            {
                storedHashes.Add(hash);
            }
        }

        int storedPageCount = storedHashes.Count - lines[^1].FirstHash;
        ArgumentOutOfRangeException.ThrowIfNotEqual(storedPageCount, entry.StoredPageCount, nameof(pageHashes));
    }

    /// <summary>Writes page section, table and trailer: everything behind the last record.</summary>
    /// <param name="footerStartBytes">Where in the pack that is.</param>
    /// <exception cref="ArgumentException">Nothing was added, or the pack would be too long.</exception>
    public void WriteTo(IBufferWriter<byte> output, long footerStartBytes)
    {
        ArgumentOutOfRangeException.ThrowIfZero(Count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Count, FormatLimits.PackRecordCountMax);
        ArgumentOutOfRangeException.ThrowIfLessThan(footerStartBytes, FileHeader.SizeBytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(
            footerStartBytes + LengthBytes, FormatLimits.PackLengthMaxBytes, nameof(footerStartBytes));
        CollectionsMarshal.AsSpan(lines).Sort(static (left, right) => PackTable.Compare(left.Entry, right.Entry));
        int pageSectionLength = PageSectionLengthBytes;
        int lengthBytes = (int)LengthBytes;
        Span<byte> bytes = output.GetSpan(lengthBytes)[..lengthBytes];
        Span<byte> pageSection = bytes[..pageSectionLength];
        Span<byte> table = bytes[pageSectionLength..^PackTrailer.SizeBytes];
        WritePageSection(pageSection);
        for (int index = 0; index < lines.Count; index++)
        {
            lines[index].Entry.WriteTo(table[(index * PackEntry.SizeBytes)..]);
        }

        uint start = (uint)footerStartBytes;
        PackTrailer trailer = new(
            start, (uint)pageSectionLength, start + (uint)pageSectionLength, lines.Count, pagesPerChunk);
        trailer.WriteTo(bytes[^PackTrailer.SizeBytes..], pageSection, table);
        output.Advance(lengthBytes);
    }

    private void WritePageSection(Span<byte> section)
    {
        ReadOnlySpan<byte> allBitmaps = CollectionsMarshal.AsSpan(bitmaps);
        foreach (Line line in lines)
        {
            allBitmaps.Slice(line.Number * BitmapLengthBytes, BitmapLengthBytes).CopyTo(section);
            section = section[BitmapLengthBytes..];
            for (int page = 0; page < line.Entry.StoredPageCount; page++)
            {
                storedHashes[line.FirstHash + page].WriteTo(section);
                section = section[Digest.SizeBytes..];
            }
        }

        Invariant.Check(section.IsEmpty);
    }

    /// <summary>An entry, its number in the order of adding, and where its stored pages' hashes begin.</summary>
    private readonly record struct Line(PackEntry Entry, int Number, int FirstHash);
}
