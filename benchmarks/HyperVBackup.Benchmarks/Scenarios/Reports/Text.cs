using System.Globalization;

namespace HyperVBackup.Benchmarks.Scenarios.Reports;

/// <summary>Numbers as the tables show them.</summary>
internal static class Text
{
    public const string None = "–";

    public static string Seconds(double seconds) => Format(seconds, seconds < 0.995 ? "F3" : "F2");

    public static string Ratio(double ratio) => Format(ratio, "F2");

    public static string Format(double value, string format) =>
        double.IsFinite(value) ? value.ToString(format, CultureInfo.InvariantCulture) : None;
}
