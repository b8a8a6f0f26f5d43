namespace HyperVBackup.Repository.Maintenance.Prune;

/// <summary>What one rule of a policy says of one restore point.</summary>
/// <param name="Count">How many periods the rule keeps a point of.</param>
/// <param name="Period">The period that the point lies in; empty where every point is its own.</param>
/// <param name="Number">From 1, the newest: which of the periods that have a point this one is.</param>
public sealed record RuleOutcome(RetentionRule Rule, int Count, RuleAnswer Answer, string Period, int Number);
