using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Packs;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>Decides which packs are of no use, and which of little (C3).</summary>
internal sealed class PackUses(CollectOptions options, Workshop workshop)
{
    private const int Percent = 100;
    private const int SmallShare = 4;
    private const int MapTargetShare = FormatLimits.ChunkPackTargetBytes / FormatLimits.MapPackTargetBytes;

    /// <param name="groups">What goes together is of use together.</param>
    /// <param name="isAtWork">Whether a pack is of a session that has not decided: it is left as it is.</param>
    /// <exception cref="RepositoryDamagedException">Something needed has no complete copy.</exception>
    public PackUse Decide(
        Stock stock, NeededIds needed, BadCopies damaged,
        Func<PackName, bool> isAtWork, ParityGroups groups, CancellationToken token)
    {
        CopyRanks ranks = new(PackDensity.Rank(stock, needed, workshop, token), damaged);
        CopyChoice choice = new(stock, needed, ranks, workshop);
        choice.Run(_ => { }, token);
        PackSet packs = stock.Packs;
        List<List<int>> units =
            [.. groups.UnitsOf(packs).Where(unit => unit.TrueForAll(pack => packs.IsReadable[pack]))];
        List<List<int>> free = units.FindAll(unit => !unit.Exists(pack => isAtWork(packs.Names[pack])));
        List<List<int>> used = free.FindAll(unit => IsUsed(unit, choice));
        HashSet<int> poor =
            [.. used.Where(unit => IsMostlyDead(packs, unit, choice.LiveBytes)).SelectMany(unit => unit)];
        foreach (PackKind kind in (PackKind[])[PackKind.Chunks, PackKind.Maps])
        {
            List<List<int>> small = used.FindAll(unit =>
                packs.Names[unit[0]].Kind == kind
                && unit.Sum(pack => packs.LengthBytes[pack]) < TargetBytes(kind) / SmallShare);
            poor.UnionWith(small.Count >= options.SmallPackCountMin ? small.SelectMany(unit => unit) : []);
        }

        return new PackUse(
            NamesOf(packs, free.Where(unit => !IsUsed(unit, choice))),
            NamesOf(packs, units.Except(free).Where(unit => !IsUsed(unit, choice))),
            poor.Select(pack => packs.Names[pack]).ToHashSet(),
            poor.Sum(pack => choice.LiveBytes[pack]),
            poor.Sum(pack => (long)(choice.LiveBytes[pack] * packs.FooterFactorOf(pack)) * packs.CopyCountOf(pack)),
            ranks);
    }

    /// <summary>What a rewritten pack is to have.</summary>
    public long TargetBytes(PackKind kind) =>
        kind == PackKind.Chunks ? options.PackTargetBytes : options.PackTargetBytes / MapTargetShare;

    private static bool IsUsed(List<int> unit, CopyChoice choice) => unit.Exists(pack => choice.LiveBytes[pack] > 0);

    private static List<PackName> NamesOf(PackSet packs, IEnumerable<List<int>> units) =>
        [.. units.SelectMany(unit => unit).Select(pack => packs.Names[pack])];

    private bool IsMostlyDead(PackSet packs, List<int> unit, long[] liveBytes)
    {
        long recordBytes = unit.Sum(pack => packs.RecordBytes[pack]);
        return (recordBytes - unit.Sum(pack => liveBytes[pack])) * Percent > recordBytes * options.DeadPercentMax;
    }
}
