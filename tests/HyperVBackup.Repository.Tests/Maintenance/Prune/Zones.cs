namespace HyperVBackup.Repository.Tests.Maintenance.Prune;

/// <summary>Time zones that are the same on every machine.</summary>
internal static class Zones
{
    /// <summary>One hour east of UTC, two in summer: from the last Sunday of March, 2:00, to that of October, 3:00.
    /// </summary>
    public static TimeZoneInfo WithSummerTime { get; } = New(hours: 1, Rule(3, 2), Rule(10, 3));

    /// <summary>Nine and a half hours behind UTC, all year.</summary>
    public static TimeZoneInfo FarWest { get; } = New(hours: -9.5);

    public static TimeZoneInfo FarEast { get; } = New(hours: 14);

    private static TimeZoneInfo New(double hours, params TimeZoneInfo.TransitionTime[] turns)
    {
        TimeZoneInfo.AdjustmentRule[] rules = turns.Length == 0
            ? []
            : [TimeZoneInfo.AdjustmentRule.CreateAdjustmentRule(
                DateTime.MinValue.Date, DateTime.MaxValue.Date, TimeSpan.FromHours(1), turns[0], turns[1])];
        return TimeZoneInfo.CreateCustomTimeZone("z", TimeSpan.FromHours(hours), "z", "z", "z", rules);
    }

    private static TimeZoneInfo.TransitionTime Rule(int month, int hour) =>
        TimeZoneInfo.TransitionTime.CreateFloatingDateRule(
            new DateTime(1, 1, 1, hour, 0, 0, DateTimeKind.Unspecified), month, 5, DayOfWeek.Sunday);
}
