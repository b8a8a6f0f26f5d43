using System.Numerics;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Records;

namespace HyperVBackup.Format.Packs;

/// <summary>
/// The page hashes of a chunk pack's records, from its footer. By themselves they prove the ids in the table, without
/// the records being read. Immutable and thread-safe.
/// </summary>
public sealed class PackPages
{
    private readonly ReadOnlyMemory<byte> section;
    private readonly PackTable table;
    private readonly int pagesPerChunk;
    private readonly int[] starts;

    private PackPages(ReadOnlyMemory<byte> section, PackTable table, int pagesPerChunk)
    {
        (this.section, this.table, this.pagesPerChunk) = (section, table, pagesPerChunk);
        starts = new int[table.Count];
    }

    /// <summary>Page hashes a chunk of this pack has.</summary>
    public int PagesPerChunk => pagesPerChunk;

    /// <param name="section">What lies where the trailer says the page section does; kept, not copied.</param>
    /// <exception cref="CorruptDataException">Damaged, or it does not fit the table.</exception>
    public static PackPages Read(ReadOnlyMemory<byte> section, in PackTrailer trailer, PackTable table)
    {
        Corrupt.Unless(trailer.PagesPerChunk != 0, "pack pages: a map pack has none");
        Corrupt.Unless(section.Length == trailer.PageSectionLengthBytes, "pack pages: length");
        Corrupt.Unless(trailer.IsPageSection(section.Span), "pack pages: checksum");
        PackPages pages = new(section, table, trailer.PagesPerChunk);
        pages.FindStarts();
        return pages;
    }

    /// <summary>The page hashes of the whole record at <paramref name="entryIndex"/> of the table.</summary>
    /// <param name="pageHashes">One for each of the chunk's pages; zero for those not stored.</param>
    /// <exception cref="ArgumentException">A delta record lies there: it holds no pages.</exception>
    public void GetHashes(int entryIndex, Span<Digest> pageHashes)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(pageHashes.Length, pagesPerChunk);
        ReadOnlySpan<byte> bytes = HashesOf(entryIndex, out ReadOnlySpan<byte> bitmap);
        for (int page = 0; page < pagesPerChunk; page++)
        {
            bool isStored = ChunkRecord.HasPage(bitmap, page);
            pageHashes[page] = isStored ? new Digest(bytes[..Digest.SizeBytes]) : default;
            bytes = isStored ? bytes[Digest.SizeBytes..] : bytes;
        }
    }

    /// <summary>One page hash of the whole record at <paramref name="entryIndex"/> of the table.</summary>
    /// <returns>Zero for a page not stored.</returns>
    /// <exception cref="ArgumentException">A delta record lies there: it holds no pages.</exception>
    public Digest HashAt(int entryIndex, int page)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)page, (uint)pagesPerChunk, nameof(page));
        ReadOnlySpan<byte> hashes = HashesOf(entryIndex, out ReadOnlySpan<byte> bitmap);
        if (!ChunkRecord.HasPage(bitmap, page))
        {
            return default;
        }

        int before = ChunkRecord.CountPages(bitmap[..(page / 8)])
            + BitOperations.PopCount(bitmap[page / 8] & ((1u << (page % 8)) - 1));
        return new Digest(hashes.Slice(before * Digest.SizeBytes, Digest.SizeBytes));
    }

    /// <summary>The first page with a hash in the whole record at <paramref name="entryIndex"/> of the table.</summary>
    /// <param name="pageHash">Not zero.</param>
    /// <returns>-1 where none has it.</returns>
    /// <exception cref="ArgumentException">A delta record lies there: it holds no pages.</exception>
    public int PageOf(int entryIndex, Digest pageHash)
    {
        ReadOnlySpan<byte> hashes = HashesOf(entryIndex, out ReadOnlySpan<byte> bitmap);
        for (int page = 0; page < pagesPerChunk; page++)
        {
            if (ChunkRecord.HasPage(bitmap, page))
            {
                if (new Digest(hashes[..Digest.SizeBytes]) == pageHash)
                {
                    return page;
                }

                hashes = hashes[Digest.SizeBytes..];
            }
        }

        return -1;
    }

    /// <summary>Holds every id in the table against its page hashes.</summary>
    /// <exception cref="CorruptDataException">One of them does not follow from its pages.</exception>
    public void CheckIds(ContentHasher hasher)
    {
        Span<Digest> pageHashes = stackalloc Digest[FormatLimits.PagesPerChunkMax];
        pageHashes = pageHashes[..pagesPerChunk];
        for (int index = 0; index < table.Count; index++)
        {
            PackEntry entry = table[index];
            if (entry.Type != RecordType.Whole)
            {
                continue;
            }

            GetHashes(index, pageHashes);
            Corrupt.Unless(hasher.IdOfPages(pageHashes).Value == entry.Id, "pack pages: id of a chunk");
            Digest first = pageHashes[pageHashes.IndexOfAnyExcept(default(Digest))];
            Corrupt.Unless(PackEntry.HookOf(first) == entry.Hook, "pack pages: hook of a record");
        }
    }

    private ReadOnlySpan<byte> HashesOf(int entryIndex, out ReadOnlySpan<byte> bitmap)
    {
        if (table[entryIndex].Type != RecordType.Whole)
        {
            throw new ArgumentException("Only whole records hold pages.", nameof(entryIndex));
        }

        ReadOnlySpan<byte> bytes = section.Span[starts[entryIndex]..];
        bitmap = bytes[..ChunkRecord.BitmapLengthBytes(pagesPerChunk)];
        return bytes[bitmap.Length..];
    }

    private void FindStarts()
    {
        int bitmapLength = ChunkRecord.BitmapLengthBytes(pagesPerChunk);
        int next = 0;
        for (int index = 0; index < table.Count; index++)
        {
            starts[index] = next;
            if (table[index].Type != RecordType.Whole)
            {
                continue; // a recipe has no pages of its own
            }

            Corrupt.Unless(section.Length - next >= bitmapLength, "pack pages: the section ends too early");
            ReadOnlySpan<byte> bitmap = section.Span.Slice(next, bitmapLength);
            Corrupt.Unless(ChunkRecord.IsBitmapOf(bitmap, pagesPerChunk), "pack pages: bitmap");
            int storedPageCount = ChunkRecord.CountPages(bitmap);
            Corrupt.Unless(storedPageCount == table[index].StoredPageCount, "pack pages: stored page count");
            next += bitmapLength + (storedPageCount * Digest.SizeBytes);
            Corrupt.Unless(next <= section.Length, "pack pages: the section ends too early");
            RequireHashes(section.Span[(starts[index] + bitmapLength)..next]);
        }

        Corrupt.Unless(next == section.Length, "pack pages: bytes after the last record");
    }

    private static void RequireHashes(ReadOnlySpan<byte> hashes)
    {
        for (; !hashes.IsEmpty; hashes = hashes[Digest.SizeBytes..])
        {
            Corrupt.Unless(
                hashes[..Digest.SizeBytes].ContainsAnyExcept((byte)0), "pack pages: a stored page has no hash");
        }
    }
}
