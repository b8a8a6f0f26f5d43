using HyperVBackup.Format.Packs;

namespace HyperVBackup.Repository.Parity;

/// <summary>What parity could do.</summary>
/// <param name="Packs">All that were not whole: the mendable ones are mended now, the copyable ones were handed over.
/// One that is in two groups may be named twice, with the better fate in one of them.</param>
/// <param name="ParityMended">Parity files that were damaged and are whole again.</param>
/// <param name="ParityLeft">Those that could not be mended.</param>
/// <param name="ReadBytes">Of packs and parity.</param>
internal sealed record ParityHealingReport(
    IReadOnlyList<HealedPack> Packs, IReadOnlyList<PackName> ParityMended, IReadOnlyList<PackName> ParityLeft,
    long ReadBytes);
