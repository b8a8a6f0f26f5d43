using HyperVBackup.Format;
using HyperVBackup.Repository.Packs;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>Ranks packs so that copies are chosen from few and full ones: those rewritten last come first, so that what
/// they were made of can go; then those of which most is needed; then the largest.</summary>
internal static class PackDensity
{
    /// <returns>A rank for each pack, from 0: the fullest.</returns>
    public static int[] Rank(Stock stock, NeededIds needed, Workshop workshop, CancellationToken token) =>
        Order(stock.Packs, Measure(stock, needed, workshop, token));

    /// <returns>For each pack the bytes of its records that could serve as copies, or parts of copies, of what is
    /// needed.</returns>
    public static long[] Measure(Stock stock, NeededIds needed, Workshop workshop, CancellationToken token)
    {
        long[] usefulBytes = new long[stock.Packs.Count];
        using Sorter<Digest> dataIds = workshop.NewIds();
        foreach (SourceUse use in SourcesInUse.Of(needed.Chunks, stock.Sources))
        {
            dataIds.Add(use.DataId);
        }

        Add(SortedIds.Union(needed.Chunks, dataIds.Read()), stock.Chunks, usefulBytes, token);
        Add(needed.Maps, stock.Maps, usefulBytes, token);
        return usefulBytes;
    }

    private static void Add(
        IEnumerable<Digest> ids, Sorter<StoredRecord> stored, long[] usefulBytes, CancellationToken token)
    {
        foreach ((_, List<StoredRecord> records) in Matching.Of(ids, stored.Read(), token))
        {
            records.ForEach(record => usefulBytes[record.Pack] += record.LengthBytes);
        }
    }

    /// <summary>The same for everyone who sees the same.</summary>
    private static int[] Order(PackSet packs, long[] usefulBytes)
    {
        int[] order = [.. Enumerable.Range(0, packs.Count)
            .OrderByDescending(pack => PackGeneration.Of(packs.Names[pack]))
            .ThenByDescending(pack => usefulBytes[pack] / (double)Math.Max(1, packs.RecordBytes[pack]))
            .ThenByDescending(pack => packs.RecordBytes[pack])
            .ThenBy(pack => packs.Names[pack].BlobName, StringComparer.Ordinal)];
        int[] ranks = new int[order.Length];
        for (int rank = 0; rank < order.Length; rank++)
        {
            ranks[order[rank]] = rank;
        }

        return ranks;
    }
}
