using System.Globalization;

namespace HyperVBackup.Repository.Maintenance.Prune;

/// <summary>Names the period of a rule that a time lies in: two times lie in one period where the names are equal.
/// </summary>
internal static class RetentionPeriod
{
    /// <param name="zone">The clock on whose wall the period is read. An hour that a change of clocks repeats is two
    /// hours: their offsets differ.</param>
    /// <exception cref="ArgumentOutOfRangeException">Of <see cref="RetentionRule.Last"/>, which has no periods.
    /// </exception>
    public static string NameOf(RetentionRule rule, DateTimeOffset time, TimeZoneInfo zone)
    {
        DateTimeOffset local = TimeZoneInfo.ConvertTime(time, zone);
        return rule switch
        {
            RetentionRule.Hourly => local.ToString("yyyy-MM-dd HH:00 zzz", CultureInfo.InvariantCulture),
            RetentionRule.Daily => local.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            RetentionRule.Weekly => string.Create(
                CultureInfo.InvariantCulture,
                $"{ISOWeek.GetYear(local.DateTime):D4}-W{ISOWeek.GetWeekOfYear(local.DateTime):D2}"),
            RetentionRule.Monthly => local.ToString("yyyy-MM", CultureInfo.InvariantCulture),
            RetentionRule.Yearly => local.ToString("yyyy", CultureInfo.InvariantCulture),
            _ => throw new ArgumentOutOfRangeException(nameof(rule)),
        };
    }
}
