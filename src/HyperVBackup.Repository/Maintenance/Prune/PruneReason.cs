using HyperVBackup.Repository.Pins;

namespace HyperVBackup.Repository.Maintenance.Prune;

/// <summary>One reason why a restore point stays, or why a rule does not keep it.</summary>
/// <param name="Outcome">Of a rule.</param>
/// <param name="Lock">Of a pin.</param>
/// <param name="Disk">Of an open catch.</param>
public sealed record PruneReason(
    PruneReasonKind Kind, RuleOutcome? Outcome = null, PointLock? Lock = null, string? Disk = null)
{
    /// <summary>Whether it makes the point stay.</summary>
    public bool Keeps => Outcome is null || Outcome.Answer == RuleAnswer.Keeps;

    /// <summary>In words.</summary>
    public override string ToString() => Kind switch
    {
        PruneReasonKind.Lock => Lock!.ToString(),
        PruneReasonKind.LastGood => "the VM's last point that can be read (--force lets it go)",
        PruneReasonKind.OpenCatch =>
            $"the only one left that knows that the change source of disk '{Disk}' was caught by an audit",
        _ => TextOf(Outcome!),
    };

    private static string TextOf(RuleOutcome outcome) => (outcome.Rule, outcome.Answer) switch
    {
        (RetentionRule.Last, RuleAnswer.Keeps) =>
            FormattableString.Invariant($"{outcome.Number} of the last {outcome.Count}"),
        (RetentionRule.Last, _) => FormattableString.Invariant($"not among the last {outcome.Count}"),
        (_, RuleAnswer.Keeps) => FormattableString.Invariant(
            $"newest of {outcome.Period}, {outcome.Number} of {outcome.Count} {NounOf(outcome.Rule)}"),
        (_, RuleAnswer.HasNewer) => $"{outcome.Period} has a newer one",
        _ => FormattableString.Invariant(
            $"{outcome.Period} is not among the last {outcome.Count} {NounOf(outcome.Rule)} with a point"),
    };

    private static string NounOf(RetentionRule rule) => rule switch
    {
        RetentionRule.Hourly => "hours",
        RetentionRule.Daily => "days",
        RetentionRule.Weekly => "weeks",
        RetentionRule.Monthly => "months",
        _ => "years",
    };
}
