using System.CommandLine.Parsing;
using System.Globalization;

namespace HyperVBackup.Cli;

/// <summary>Sizes as people write them: 64KiB, 1MiB, 4GiB, 2TiB, or bytes.</summary>
internal static class SizeText
{
    private static readonly string[] Units = ["", "KiB", "MiB", "GiB", "TiB", "PiB"];

    /// <summary>Reads the one token of an option; notes an error in <paramref name="result"/>.</summary>
    public static long? Parse(ArgumentResult result, long minBytes, long maxBytes)
    {
        string text = result.Tokens[^1].Value;
        if (!TryParse(text, out long bytes) || bytes < minBytes || bytes > maxBytes)
        {
            result.AddError(
                $"'{text}' is no size from {Format(minBytes)} to {Format(maxBytes)}; write it as 64KiB, 1MiB or 4GiB.");
        }

        return bytes;
    }

    public static bool TryParse(string text, out long bytes)
    {
        bytes = 0;
        for (int power = Units.Length - 1; power >= 0; power--)
        {
            if (text.EndsWith(Units[power], StringComparison.OrdinalIgnoreCase))
            {
                bool isNumber = long.TryParse(
                    text.AsSpan(0, text.Length - Units[power].Length), NumberStyles.None,
                    CultureInfo.InvariantCulture, out long count);
                bool fits = isNumber && count <= long.MaxValue >> (10 * power);
                bytes = fits ? count << (10 * power) : 0;
                return fits;
            }
        }

        return false;
    }

    /// <summary>Three significant digits and a unit.</summary>
    public static string Format(long bytes)
    {
        double value = bytes;
        int power = 0;
        while (value >= 1000 && power < Units.Length - 1)
        {
            (value, power) = (value / 1024, power + 1);
        }

        string digits = value >= 100 || power == 0 || value == Math.Floor(value) ? "F0" : value >= 10 ? "F1" : "F2";
        string unit = power == 0 ? " B" : " " + Units[power];
        return value.ToString(digits, CultureInfo.InvariantCulture) + unit;
    }
}
