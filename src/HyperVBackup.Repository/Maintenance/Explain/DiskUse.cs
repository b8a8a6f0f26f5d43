using HyperVBackup.Format.Maps;

namespace HyperVBackup.Repository.Maintenance.Explain;

/// <summary>Where a disk of a restore point needs what is explained.</summary>
/// <param name="Ranges">The first of them, ascending.</param>
/// <param name="RangeCount">How many there are.</param>
/// <param name="TakingChunkCount">Chunks among them that only take pages from it, by their recipes.</param>
public sealed record DiskUse(
    string Disk, IReadOnlyList<ListedRange> Ranges, long RangeCount, long TakingChunkCount);
