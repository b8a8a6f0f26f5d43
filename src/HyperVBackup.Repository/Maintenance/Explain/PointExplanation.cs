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
/// <param name="Space">What it reaches and no point beside it does: an upper bound of what its going frees.</param>
public sealed record PointExplanation(
    RestorePoint Point, bool IsPruned, bool IsNewest, IReadOnlyList<PointLock> Locks,
    IReadOnlyList<SessionId> Children, IReadOnlyList<SessionId> Readers, OwnSpace Space);
