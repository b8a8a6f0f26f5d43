using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Packs;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>Decides which packs are of no use, and which of little (C3).</summary>
internal sealed class PackUses(CollectOptions options, Workshop workshop)
{
    private const int Percent = 100;
    private const int SmallShare = 4;
    private const int MapTargetShare = FormatLimits.ChunkPackTargetBytes / FormatLimits.MapPackTargetBytes;

    /// <param name="isAtWork">Whether a pack is of a session that has not decided: it is left as it is.</param>
    /// <exception cref="RepositoryDamagedException">Something needed has no complete copy.</exception>
    public PackUse Decide(
        Stock stock, NeededIds needed, IReadOnlySet<(int Pack, uint OffsetBytes)> damaged,
        Func<PackName, bool> isAtWork, CancellationToken token)
    {
        CopyRanks ranks = new(PackDensity.Rank(stock, needed, workshop, token), damaged);
        CopyChoice choice = new(stock, needed, ranks, workshop);
        choice.Run(_ => { }, token);
        PackSet packs = stock.Packs;
        List<int> readable = [.. Enumerable.Range(0, packs.Count).Where(pack => packs.IsReadable[pack])];
        List<int> free = readable.FindAll(pack => !isAtWork(packs.Names[pack]));
        List<int> used = free.FindAll(pack => choice.LiveBytes[pack] > 0);
        HashSet<int> poor = [.. used.Where(pack => IsMostlyDead(packs, pack, choice.LiveBytes[pack]))];
        foreach (PackKind kind in (PackKind[])[PackKind.Chunks, PackKind.Maps])
        {
            List<int> small = used.FindAll(pack =>
                packs.Names[pack].Kind == kind && packs.LengthBytes[pack] < TargetBytes(kind) / SmallShare);
            poor.UnionWith(small.Count >= options.SmallPackCountMin ? small : []);
        }

        return new PackUse(
            [.. free.Where(pack => choice.LiveBytes[pack] == 0).Select(pack => packs.Names[pack])],
            [.. readable.Except(free).Where(pack => choice.LiveBytes[pack] == 0).Select(pack => packs.Names[pack])],
            poor.Select(pack => packs.Names[pack]).ToHashSet(),
            poor.Sum(pack => choice.LiveBytes[pack]),
            poor.Sum(pack => (long)(choice.LiveBytes[pack] * packs.FooterFactorOf(pack)) * packs.CopyCountOf(pack)),
            ranks);
    }

    /// <summary>What a rewritten pack is to have.</summary>
    public long TargetBytes(PackKind kind) =>
        kind == PackKind.Chunks ? options.PackTargetBytes : options.PackTargetBytes / MapTargetShare;

    private bool IsMostlyDead(PackSet packs, int pack, long liveBytes) =>
        (packs.RecordBytes[pack] - liveBytes) * Percent > packs.RecordBytes[pack] * options.DeadPercentMax;
}
