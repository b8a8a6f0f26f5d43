using System.Buffers;
using System.Runtime.InteropServices;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Records;

namespace HyperVBackup.Format.Packs;

/// <summary>Collects what a pack's footer says of its records while they are written. Not thread-safe. Takes about
/// 100 bytes a record and 32 a stored page, besides the recipes.</summary>
public sealed class PackFooterBuilder
{
    private readonly int pagesPerChunk;
    private readonly List<Line> lines = [];
    private readonly List<Digest> storedHashes = [];
    private readonly List<byte> bitmaps = [];
    private int recipeSectionLengthBytes;

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
    public long LengthBytes => (long)PageSectionLengthBytes + recipeSectionLengthBytes + TableLengthBytes
        + PackTrailer.SizeBytes;

    private int BitmapLengthBytes => ChunkRecord.BitmapLengthBytes(pagesPerChunk);

    private int PageSectionLengthBytes => bitmaps.Count + (storedHashes.Count * Digest.SizeBytes);

    private int TableLengthBytes => lines.Count * PackEntry.SizeBytes;

    /// <summary>Adds a whole record, or one of a map pack; sets its hook.</summary>
    /// <param name="pageHashes">Of all the chunk's pages, zero for those not stored; none in map packs.</param>
    public void Add(in PackEntry entry, ReadOnlySpan<Digest> pageHashes)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(pageHashes.Length, pagesPerChunk);
        ArgumentOutOfRangeException.ThrowIfEqual(entry.Type, RecordType.Delta, nameof(entry));
        int firstHash = storedHashes.Count;
        int bitmapAt = bitmaps.Count;
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

        int storedPageCount = storedHashes.Count - firstHash;
        ArgumentOutOfRangeException.ThrowIfNotEqual(storedPageCount, entry.StoredPageCount, nameof(pageHashes));
        ulong hook = storedPageCount > 0 ? PackEntry.HookOf(storedHashes[firstHash]) : 0;
        lines.Add(new Line(entry with { Hook = hook }, bitmapAt, firstHash, Recipe: null));
    }

    /// <summary>Adds a delta record.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The entry is not one of this recipe's record.</exception>
    public void Add(in PackEntry entry, Recipe recipe)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(recipe.PageCount, pagesPerChunk);
        ArgumentOutOfRangeException.ThrowIfNotEqual(entry.Type, RecordType.Delta, nameof(entry));
        ArgumentOutOfRangeException.ThrowIfNotEqual(entry.PlainLengthBytes, (uint)recipe.Body.Length, nameof(entry));
        lines.Add(new Line(entry with { Hook = 0 }, bitmaps.Count, storedHashes.Count, recipe));
        recipeSectionLengthBytes += recipe.Body.Length;
    }

    /// <summary>Writes page section, recipe section, table and trailer: everything behind the last record.</summary>
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
        int lengthBytes = (int)LengthBytes;
        Span<byte> bytes = output.GetSpan(lengthBytes)[..lengthBytes];
        Span<byte> pageSection = bytes[..PageSectionLengthBytes];
        Span<byte> recipeSection = bytes.Slice(pageSection.Length, recipeSectionLengthBytes);
        Span<byte> table = bytes.Slice(pageSection.Length + recipeSection.Length, TableLengthBytes);
        WritePageSection(pageSection);
        WriteRecipeSection(recipeSection);
        for (int index = 0; index < lines.Count; index++)
        {
            lines[index].Entry.WriteTo(table[(index * PackEntry.SizeBytes)..]);
        }

        uint start = (uint)footerStartBytes;
        PackTrailer trailer = new(
            start, (uint)pageSection.Length, (uint)recipeSection.Length,
            start + (uint)pageSection.Length + (uint)recipeSection.Length, lines.Count, pagesPerChunk);
        trailer.WriteTo(bytes[^PackTrailer.SizeBytes..], pageSection, recipeSection, table);
        output.Advance(lengthBytes);
    }

    private void WritePageSection(Span<byte> section)
    {
        ReadOnlySpan<byte> allBitmaps = CollectionsMarshal.AsSpan(bitmaps);
        foreach (Line line in lines.Where(line => line.Recipe is null))
        {
            allBitmaps.Slice(line.BitmapAt, BitmapLengthBytes).CopyTo(section);
            section = section[BitmapLengthBytes..];
            for (int page = 0; page < line.Entry.StoredPageCount; page++)
            {
                storedHashes[line.FirstHash + page].WriteTo(section);
                section = section[Digest.SizeBytes..];
            }
        }

        Invariant.Check(section.IsEmpty);
    }

    private void WriteRecipeSection(Span<byte> section)
    {
        foreach (Line line in lines)
        {
            if (line.Recipe is not null)
            {
                line.Recipe.Body.CopyTo(section);
                section = section[line.Recipe.Body.Length..];
            }
        }

        Invariant.Check(section.IsEmpty);
    }

    /// <summary>An entry; where its bitmap and its stored pages' hashes begin; or its recipe.</summary>
    private readonly record struct Line(PackEntry Entry, int BitmapAt, int FirstHash, Recipe? Recipe);
}
