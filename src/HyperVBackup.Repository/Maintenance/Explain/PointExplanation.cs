using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maintenance.Prune;
using HyperVBackup.Repository.Pins;

namespace HyperVBackup.Repository.Maintenance.Explain;

/// <summary>What keeps a restore point, and what its going would free, as of the points listed.</summary>
/// <param name="IsPruned">It is marked: unless it is pinned, it goes with the next collection.</param>
/// <param name="Locks">Pins of it, by this host's clock alone.</param>
/// <param name="Children">Points that were made from it; they restore without it.</param>
/// <param name="Readers">Sessions whose leases name it.</param>
/// <param name="Space">What it reaches and no other point does; null where that cannot be told.</param>
/// <param name="SpaceFault">Why it cannot be told, in a sentence; null where it can.</param>
public sealed record PointExplanation(
    RestorePoint Point, bool IsPruned, bool IsNewest, IReadOnlyList<PointLock> Locks,
    IReadOnlyList<SessionId> Children, IReadOnlyList<SessionId> Readers, FreedSpace? Space,
    string? SpaceFault);
