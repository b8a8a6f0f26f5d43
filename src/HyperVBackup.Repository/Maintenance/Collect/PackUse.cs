using HyperVBackup.Format.Packs;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>What is to become of the packs that exist, as far as the points listed say.</summary>
/// <param name="Unused">Packs without which everything needed is complete.</param>
/// <param name="UnusedAtWork">The same of sessions that have not decided.</param>
/// <param name="ToRepack">Packs whose live records are better copied into others: much of them is dead, or they are
/// many and small.</param>
/// <param name="LiveBytes">Of the records in <paramref name="ToRepack"/> that are to be copied.</param>
/// <param name="RewrittenBytes">About what these take in packs, every copy.</param>
/// <param name="Ranks">By which the copies were chosen.</param>
internal sealed record PackUse(
    IReadOnlyList<PackName> Unused, IReadOnlyList<PackName> UnusedAtWork, IReadOnlySet<PackName> ToRepack,
    long LiveBytes, long RewrittenBytes, CopyRanks Ranks);
