namespace HyperVBackup.Repository.Maintenance.Prune;

/// <summary>
/// How many restore points of a VM to keep: of each of the last so many hours, days, weeks, months or years that have
/// a point, the newest. What is newer is said by the order of the VM's points alone, never by their times: a point
/// whose host's clock was wrong takes one period, where it stands, and no other point's place. Immutable.
/// </summary>
public sealed class RetentionPolicy
{
    private readonly KeyValuePair<RetentionRule, int>[] rules;

    /// <param name="counts">By rule, how many periods to keep a point of: 0 or more. Rules not named keep nothing.
    /// </param>
    /// <param name="zone">Whose hours, days, weeks, months and years are meant.</param>
    /// <exception cref="ArgumentException">No rule, no such rule, or a negative count.</exception>
    public RetentionPolicy(IReadOnlyDictionary<RetentionRule, int> counts, TimeZoneInfo zone)
    {
        ArgumentNullException.ThrowIfNull(counts);
        ArgumentNullException.ThrowIfNull(zone);
        rules = [.. counts.OrderBy(rule => rule.Key)];
        Zone = zone;
        if (rules.Length == 0 || rules.Any(rule => rule.Value < 0 || !Enum.IsDefined(rule.Key)))
        {
            throw new ArgumentException(
                "A policy has at least one rule, and none of a negative count.", nameof(counts));
        }
    }

    public TimeZoneInfo Zone { get; }

    /// <summary>In words: <c>last 3, daily 7</c>.</summary>
    public override string ToString() => string.Join(
        ", ",
        rules.Select(rule => FormattableString.Invariant($"{rule.Key} {rule.Value}").ToLowerInvariant()));

    /// <summary>What each rule says of each point of one VM.</summary>
    /// <param name="times">The points' times, oldest point first, in the order of the VM's points.</param>
    /// <returns>In the same order: an outcome for every rule.</returns>
    public IReadOnlyList<IReadOnlyList<RuleOutcome>> Judge(IReadOnlyList<DateTimeOffset> times)
    {
        ArgumentNullException.ThrowIfNull(times);
        RuleOutcome[][] outcomes = [.. times.Select(_ => new RuleOutcome[rules.Length])];
        for (int index = 0; index < rules.Length; index++)
        {
            (RetentionRule rule, int count) = rules[index];
            Dictionary<string, int> numbers = new(StringComparer.Ordinal);
            for (int point = times.Count - 1; point >= 0; point--)
            {
                outcomes[point][index] = rule == RetentionRule.Last
                    ? OutcomeOfLast(count, times.Count - point)
                    : OutcomeOf(rule, count, RetentionPeriod.NameOf(rule, times[point], Zone), numbers);
            }
        }

        return outcomes;
    }

    private static RuleOutcome OutcomeOfLast(int count, int number) =>
        new(RetentionRule.Last, count, number <= count ? RuleAnswer.Keeps : RuleAnswer.TooOld, "", number);

    /// <param name="numbers">The periods of newer points.</param>
    private static RuleOutcome OutcomeOf(
        RetentionRule rule, int count, string period, Dictionary<string, int> numbers)
    {
        bool isNewest = numbers.TryAdd(period, numbers.Count + 1);
        int number = numbers[period];
        RuleAnswer answer = number > count ? RuleAnswer.TooOld : isNewest ? RuleAnswer.Keeps : RuleAnswer.HasNewer;
        return new RuleOutcome(rule, count, answer, period, number);
    }
}
