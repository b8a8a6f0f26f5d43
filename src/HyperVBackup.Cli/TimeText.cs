using System.CommandLine.Parsing;
using System.Globalization;

namespace HyperVBackup.Cli;

/// <summary>Times as people write them: 2027-01-31, 2027-01-31T18:00, with Z or +01:00 after it; UTC where neither
/// stands.</summary>
internal static class TimeText
{
    private static readonly string[] Forms =
    [
        "yyyy-MM-dd", "yyyy-MM-dd'T'HH:mm", "yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss.fff",
    ];

    private static readonly string[] AllForms = [.. Forms, .. Forms.Select(form => form + "zzz")];

    /// <summary>Reads the one token of an option; notes an error in <paramref name="result"/>.</summary>
    public static DateTimeOffset? Parse(ArgumentResult result)
    {
        string text = result.Tokens[^1].Value;
        if (TryParse(text, out DateTimeOffset time))
        {
            return time;
        }

        result.AddError(
            $"'{text}' is no time: write it as 2027-01-31 or 2027-01-31T18:00Z, or with an offset as +01:00.");
        return null;
    }

    public static bool TryParse(string text, out DateTimeOffset time) => DateTimeOffset.TryParseExact(
        text.EndsWith('Z') ? text[..^1] + "+00:00" : text, AllForms, CultureInfo.InvariantCulture,
        DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out time);
}
