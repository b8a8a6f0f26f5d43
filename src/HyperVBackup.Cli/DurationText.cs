using System.CommandLine.Parsing;
using System.Globalization;

namespace HyperVBackup.Cli;

/// <summary>Lengths of time as people write them: 90s, 15m, 2h, 1d.</summary>
internal static class DurationText
{
    private static readonly (char Unit, TimeSpan Length)[] units =
    [
        ('s', TimeSpan.FromSeconds(1)), ('m', TimeSpan.FromMinutes(1)), ('h', TimeSpan.FromHours(1)),
        ('d', TimeSpan.FromDays(1)),
    ];

    /// <summary>Reads the one token of an option; notes an error in <paramref name="result"/>.</summary>
    public static TimeSpan? Parse(ArgumentResult result, TimeSpan longest)
    {
        string text = result.Tokens[^1].Value;
        if (TryParse(text, out TimeSpan duration) && duration <= longest)
        {
            return duration;
        }

        result.AddError(string.Create(
            CultureInfo.InvariantCulture,
            $"'{text}' is no length of time up to {longest.TotalDays} days; write it as 90s, 15m, 2h or 1d."));
        return null;
    }

    public static bool TryParse(string text, out TimeSpan duration)
    {
        const int DigitCountMax = 7;
        duration = default;
        int unit = text.Length is > 1 and <= DigitCountMax + 1
            ? Array.FindIndex(units, known => known.Unit == text[^1])
            : -1;
        bool isDuration = unit >= 0
            && int.TryParse(text.AsSpan(..^1), NumberStyles.None, CultureInfo.InvariantCulture, out int count)
            && (duration = count * units[unit].Length) >= TimeSpan.Zero;
        return isDuration;
    }
}
