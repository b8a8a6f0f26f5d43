namespace HyperVBackup.Repository.Maintenance.Prune;

/// <summary>What a <see cref="Pruning"/> decided, as of the points that were listed.</summary>
/// <param name="Decisions">By VM, and then oldest first.</param>
/// <param name="Space">What the points that go take; null where nobody asked, or where it cannot be told.</param>
/// <param name="SpaceFault">Why it cannot be told, in a sentence; null where it can.</param>
public sealed record PrunePlan(IReadOnlyList<PruneDecision> Decisions, FreedSpace? Space, string? SpaceFault)
{
    public int GoingCount => Decisions.Count(decision => decision.Goes);
}
