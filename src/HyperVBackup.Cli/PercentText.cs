using System.CommandLine.Parsing;
using System.Globalization;

namespace HyperVBackup.Cli;

/// <summary>Percentages as people write them: 5, 2.5, 100.</summary>
internal static class PercentText
{
    public const double Max = 100;

    /// <summary>Reads the one token of an option; notes an error in <paramref name="result"/>.</summary>
    public static double? Parse(ArgumentResult result)
    {
        string text = result.Tokens[^1].Value;
        if (!TryParse(text, out double percent))
        {
            result.AddError($"'{text}' is no percentage from 0 to 100.");
        }

        return percent;
    }

    /// <summary>Reads digits, with a decimal point or without, of a number from 0 to 100.</summary>
    public static bool TryParse(string text, out double percent) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out percent)
        && percent is >= 0 and <= Max;
}
