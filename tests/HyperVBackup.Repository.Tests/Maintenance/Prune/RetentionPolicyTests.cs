using System.Globalization;
using FsCheck.Xunit;
using HyperVBackup.Repository.Maintenance.Prune;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maintenance.Prune;

public sealed class RetentionPolicyTests
{
    private static readonly RetentionRule[] Rules = Enum.GetValues<RetentionRule>();
    private static readonly TimeZoneInfo[] AllZones =
        [TimeZoneInfo.Utc, Zones.WithSummerTime, Zones.FarWest, Zones.FarEast];

    /// <summary>Steps of a clock from one point to the next, in minutes; also none, and back.</summary>
    private static readonly int[] Steps =
        [0, 7, 30, 60, 61, 300, 1440, 1441, 4000, 10080, 43200, 290_000, 600_000, -20, -90, -1500, -50_000, -700_000];

    [Property(MaxTest = 400)]
    public void Every_history_is_judged_as_by_a_simple_model(byte[] steps, byte[] counts, byte zoneNumber)
    {
        TimeZoneInfo zone = AllZones[zoneNumber % AllZones.Length];
        Dictionary<RetentionRule, int> policy = PolicyOf(counts);
        DateTimeOffset[] times = TimesOf(steps);
        IReadOnlyList<IReadOnlyList<RuleOutcome>> judged = new RetentionPolicy(policy, zone).Judge(times);
        Assert.Equal(times.Length, judged.Count);
        for (int point = 0; point < times.Length; point++)
        {
            Assert.Equal(policy.Keys.Order(), judged[point].Select(outcome => outcome.Rule));
            foreach (RuleOutcome outcome in judged[point])
            {
                int count = policy[outcome.Rule];
                (bool isNewest, int number) = Model(outcome.Rule, times, point, zone);
                Assert.Equal((count, number), (outcome.Count, outcome.Number));
                Assert.Equal(
                    number > count ? RuleAnswer.TooOld : isNewest ? RuleAnswer.Keeps : RuleAnswer.HasNewer,
                    outcome.Answer);
            }
        }
    }

    [Property(MaxTest = 100)]
    public void The_newest_point_is_kept_by_every_rule_that_keeps_anything(byte[] steps, byte[] counts)
    {
        DateTimeOffset[] times = [.. TimesOf(steps), new(2001, 2, 3, 4, 5, 6, TimeSpan.Zero)];
        RetentionPolicy policy = new(PolicyOf(counts), TimeZoneInfo.Utc);
        Assert.All(
            policy.Judge(times)[^1],
            outcome => Assert.Equal(outcome.Count > 0, outcome.Answer == RuleAnswer.Keeps));
    }

    [Theory]
    [InlineData(RetentionRule.Hourly, "2026-03-29T00:59:00Z", "2026-03-29 01:00 +01:00")]
    [InlineData(RetentionRule.Hourly, "2026-03-29T01:00:00Z", "2026-03-29 03:00 +02:00")]
    [InlineData(RetentionRule.Hourly, "2026-10-25T00:30:00Z", "2026-10-25 02:00 +02:00")]
    [InlineData(RetentionRule.Hourly, "2026-10-25T01:30:00Z", "2026-10-25 02:00 +01:00")]
    [InlineData(RetentionRule.Daily, "2026-06-30T21:59:59Z", "2026-06-30")]
    [InlineData(RetentionRule.Daily, "2026-06-30T22:00:00Z", "2026-07-01")]
    [InlineData(RetentionRule.Daily, "2026-12-31T22:30:00Z", "2026-12-31")]
    [InlineData(RetentionRule.Daily, "2024-02-28T23:00:00Z", "2024-02-29")]
    [InlineData(RetentionRule.Daily, "2023-02-28T23:00:00Z", "2023-03-01")]
    [InlineData(RetentionRule.Weekly, "2021-01-03T12:00:00Z", "2020-W53")]
    [InlineData(RetentionRule.Weekly, "2021-01-03T23:00:00Z", "2021-W01")]
    [InlineData(RetentionRule.Weekly, "2024-12-30T12:00:00Z", "2025-W01")]
    [InlineData(RetentionRule.Weekly, "2026-12-31T12:00:00Z", "2026-W53")]
    [InlineData(RetentionRule.Monthly, "2024-01-31T23:00:00Z", "2024-02")]
    [InlineData(RetentionRule.Yearly, "2026-12-31T23:00:00Z", "2027")]
    [InlineData(RetentionRule.Yearly, "2026-12-31T22:59:59Z", "2026")]
    public void A_period_is_read_on_the_zones_wall_clock(RetentionRule rule, string time, string period)
    {
        RetentionPolicy policy = new(new Dictionary<RetentionRule, int> { [rule] = 1 }, Zones.WithSummerTime);
        Assert.Equal(period, policy.Judge([Time(time)])[0][0].Period);
    }

    [Fact]
    public void A_day_of_changing_clocks_has_23_or_25_hours()
    {
        Assert.Equal(23, HoursOf("2026-03-28T23:00:00Z", "2026-03-29"));
        Assert.Equal(24, HoursOf("2026-03-29T22:00:00Z", "2026-03-30"));
        Assert.Equal(25, HoursOf("2026-10-24T22:00:00Z", "2026-10-25"));

        static int HoursOf(string start, string day)
        {
            DateTimeOffset[] times = [.. Enumerable.Range(0, 30).Select(hour => Time(start).AddHours(hour))];
            RetentionPolicy hours = Policy(RetentionRule.Hourly, 99, Zones.WithSummerTime);
            return hours.Judge(times).Select(outcomes => outcomes[0])
                .Count(outcome => outcome.Answer == RuleAnswer.Keeps
                    && outcome.Period.StartsWith(day, StringComparison.Ordinal));
        }
    }

    /// <summary>A week of points dated 14 years ahead by a wrong clock: they count as the periods they fall in, where
    /// they stand, and leave the others theirs.</summary>
    [Fact]
    public void Points_from_a_wrong_clock_take_no_place_of_newer_ones()
    {
        DateTimeOffset start = Time("2026-05-01T12:00:00Z");
        DateTimeOffset[] times =
        [
            .. Enumerable.Range(0, 7).Select(day => start.AddYears(14).AddDays(day)),
            .. Enumerable.Range(7, 7).Select(day => start.AddDays(day)),
        ];
        IReadOnlyList<IReadOnlyList<RuleOutcome>> judged =
            Policy(RetentionRule.Daily, 7, TimeZoneInfo.Utc).Judge(times);
        Assert.Equal(Enumerable.Range(7, 7), Kept(judged));
    }

    [Fact]
    public void Of_points_of_one_time_the_last_in_order_is_the_newest()
    {
        DateTimeOffset[] times = [.. Enumerable.Repeat(Time("2026-05-01T12:00:00Z"), 5)];
        Assert.Equal([4], Kept(Policy(RetentionRule.Hourly, 3, TimeZoneInfo.Utc).Judge(times)));
        Assert.Equal([2, 3, 4], Kept(Policy(RetentionRule.Last, 3, TimeZoneInfo.Utc).Judge(times)));
    }

    [Fact]
    public void Periods_without_a_point_do_not_count()
    {
        DateTimeOffset[] times =
        [
            Time("2019-07-01T00:00:00Z"), Time("2023-07-01T00:00:00Z"), Time("2023-08-01T00:00:00Z"),
            Time("2026-07-01T00:00:00Z"),
        ];
        Assert.Equal([0, 2, 3], Kept(Policy(RetentionRule.Yearly, 3, TimeZoneInfo.Utc).Judge(times)));
        Assert.Equal([2, 3], Kept(Policy(RetentionRule.Yearly, 2, TimeZoneInfo.Utc).Judge(times)));
    }

    [Fact]
    public void A_policy_without_rules_or_with_a_negative_count_is_refused()
    {
        Assert.Throws<ArgumentException>(() =>
            new RetentionPolicy(new Dictionary<RetentionRule, int>(), TimeZoneInfo.Utc));
        Assert.Throws<ArgumentException>(() => Policy(RetentionRule.Daily, -1, TimeZoneInfo.Utc));
        Assert.Throws<ArgumentException>(() => Policy((RetentionRule)77, 1, TimeZoneInfo.Utc));
        Assert.Empty(Kept(Policy(RetentionRule.Last, 0, TimeZoneInfo.Utc).Judge([default])));
    }

    /// <returns>Whether no newer point lies in the period of <paramref name="point"/>, and how many periods there are
    /// from the newest to it.</returns>
    private static (bool IsNewest, int Number) Model(
        RetentionRule rule, DateTimeOffset[] times, int point, TimeZoneInfo zone)
    {
        (long, long) own = PeriodOf(rule, times, point, zone);
        List<(long, long)> newer = [];
        for (int other = times.Length - 1; other > point; other--)
        {
            newer.Add(PeriodOf(rule, times, other, zone));
        }

        List<(long, long)> distinct = [.. newer.Distinct()];
        int place = distinct.IndexOf(own);
        return (place < 0, (place < 0 ? distinct.Count : place) + 1);
    }

    /// <summary>Periods by counting ticks on the wall: the first day of the calendar was a Monday.</summary>
    private static (long, long) PeriodOf(RetentionRule rule, DateTimeOffset[] times, int point, TimeZoneInfo zone)
    {
        TimeSpan offset = zone.GetUtcOffset(times[point]);
        DateTime wall = new(times[point].UtcTicks + offset.Ticks, DateTimeKind.Unspecified);
        long days = wall.Ticks / TimeSpan.TicksPerDay;
        return rule switch
        {
            RetentionRule.Last => (point, 0),
            RetentionRule.Hourly => (wall.Ticks / TimeSpan.TicksPerHour, offset.Ticks),
            RetentionRule.Daily => (days, 0),
            RetentionRule.Weekly => (days / 7, 0),
            RetentionRule.Monthly => ((wall.Year * 12) + wall.Month, 0),
            _ => (wall.Year, 0),
        };
    }

    private static Dictionary<RetentionRule, int> PolicyOf(byte[] counts)
    {
        Dictionary<RetentionRule, int> policy = [];
        for (int index = 0; index < counts.Length && index < Rules.Length; index++)
        {
            if (counts[index] % 3 > 0)
            {
                policy[Rules[index]] = counts[index] / 3 % 6;
            }
        }

        policy.TryAdd(RetentionRule.Daily, 2);
        return policy;
    }

    private static DateTimeOffset[] TimesOf(byte[] steps)
    {
        DateTimeOffset time = Time("2026-10-24T22:30:00Z");
        return [.. steps.Select(step => time = time.AddMinutes(Steps[step % Steps.Length]))];
    }

    private static RetentionPolicy Policy(RetentionRule rule, int count, TimeZoneInfo zone) =>
        new(new Dictionary<RetentionRule, int> { [rule] = count }, zone);

    private static IEnumerable<int> Kept(IReadOnlyList<IReadOnlyList<RuleOutcome>> judged) =>
        Enumerable.Range(0, judged.Count).Where(
            point => judged[point].Any(outcome => outcome.Answer == RuleAnswer.Keeps));

    private static DateTimeOffset Time(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
