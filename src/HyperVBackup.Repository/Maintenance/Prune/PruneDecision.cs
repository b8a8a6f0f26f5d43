using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Pins;

namespace HyperVBackup.Repository.Maintenance.Prune;

/// <summary>Whether a restore point goes or stays, and every reason why.</summary>
/// <param name="Reasons">Where it stays, all that keep it; where it goes, why each rule does not.</param>
public sealed record PruneDecision(RestorePoint Point, bool Goes, IReadOnlyList<PruneReason> Reasons)
{
    /// <summary>Whether nothing keeps it but that the clocks are not believed.</summary>
    public bool HangsOnClock =>
        !Goes && Reasons.All(reason => reason.Lock?.Kind == PointLockKind.ClockDoubted);
}
