using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Notes;
using HyperVBackup.Repository.Packs;

namespace HyperVBackup.Repository.Pages;

/// <summary>
/// Page hash → the records of one pack that hold such a page, from the pack's footer. A table of page numbers in open
/// addressing: about 20 bytes a page beside the 32 of the footer. Immutable and thread-safe.
/// </summary>
internal sealed class PackPageMap
{
    private const int Empty = -1;

    private readonly PackName pack;
    private readonly PackTable table;
    private readonly PackPages pages;
    private readonly KnownDamage known;
    private readonly ulong[] prefixes;
    private readonly int[] records;
    private readonly int[] buckets;

    /// <param name="table">Of the pack.</param>
    /// <param name="pages">Of the same pack.</param>
    /// <param name="known">Records that no page is taken from.</param>
    public PackPageMap(PackName pack, PackTable table, PackPages pages, KnownDamage? known = null)
    {
        this.known = known ?? KnownDamage.None;
        (this.pack, this.table, this.pages) = (pack, table, pages);
        int pageCount = 0;
        for (int record = 0; record < table.Count; record++)
        {
            pageCount += table[record].StoredPageCount;
        }

        prefixes = new ulong[pageCount];
        records = new int[pageCount];
        buckets = new int[(int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(2 * pageCount, 2))];
        Array.Fill(buckets, Empty);
        Fill();
    }

    /// <summary>What this map and what it was made from take.</summary>
    public long SizeBytes =>
        ((long)table.Count * (PackEntry.SizeBytes + sizeof(int)))
        + ((long)prefixes.Length * (sizeof(ulong) + sizeof(int) + Digest.SizeBytes))
        + ((long)buckets.Length * sizeof(int));

    /// <summary>A record that holds a page; of several, the last one in the pack's table.</summary>
    /// <returns>Null where none does, or where the footer's hashes do not give the record's id.</returns>
    public PageSource? TryFind(Digest pageHash, ContentHasher hasher)
    {
        int mask = buckets.Length - 1;
        int bucket = unchecked((int)pageHash.Prefix) & mask;
        for (; buckets[bucket] != Empty; bucket = (bucket + 1) & mask)
        {
            int page = buckets[bucket];
            if (prefixes[page] == pageHash.Prefix && TryMake(records[page], pageHash, hasher) is PageSource source)
            {
                return source;
            }
        }

        return null;
    }

    private PageSource? TryMake(int record, Digest pageHash, ContentHasher hasher)
    {
        bool isSmall = pages.PagesPerChunk <= PageSource.LookedThroughCountMax;
        Span<Digest> hashes = isSmall
            ? stackalloc Digest[PageSource.LookedThroughCountMax]
            : new Digest[pages.PagesPerChunk];
        hashes = hashes[..pages.PagesPerChunk];
        pages.GetHashes(record, hashes);
        PackEntry entry = table[record];
        if (!hashes.Contains(pageHash) || known.IsBad(pack, entry.OffsetBytes)
            || hasher.IdOfPages(hashes).Value != entry.Id)
        {
            return null;
        }

        RecordPlace place = new(pack, entry.OffsetBytes, entry.LengthBytes);
        return isSmall
            ? new PageSource(entry.Id, place, pages, record)
            : new PageSource(entry.Id, place, hashes.ToArray());
    }

    private void Fill()
    {
        Digest[] hashes = new Digest[pages.PagesPerChunk];
        int mask = buckets.Length - 1;
        int page = 0;
        for (int record = 0; record < table.Count; record++)
        {
            if (table[record].Type != RecordType.Whole)
            {
                continue;
            }

            pages.GetHashes(record, hashes);
            foreach (Digest hash in hashes)
            {
                if (hash.IsZero)
                {
                    continue;
                }

                int bucket = unchecked((int)hash.Prefix) & mask;
                while (buckets[bucket] != Empty && prefixes[buckets[bucket]] != hash.Prefix)
                {
                    bucket = (bucket + 1) & mask;
                }

                (prefixes[page], records[page], buckets[bucket]) = (hash.Prefix, record, page);
                page++;
            }
        }
    }
}
