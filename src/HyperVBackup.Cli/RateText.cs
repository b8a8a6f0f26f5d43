using System.CommandLine.Parsing;

namespace HyperVBackup.Cli;

/// <summary>Rates as people write them: 50M, 50MiB, 50MiB/s; each of these is 50 MiB a second.</summary>
internal static class RateText
{
    private const long MinBytes = 64 << 10;
    private const long MaxBytes = 1L << 50;
    private const string PerSecond = "/s";
    private const string Letters = "KMGT";

    /// <summary>Reads the one token of an option; notes an error in <paramref name="result"/>.</summary>
    public static long? Parse(ArgumentResult result)
    {
        string text = result.Tokens[^1].Value;
        string size = text.EndsWith(PerSecond, StringComparison.OrdinalIgnoreCase) ? text[..^PerSecond.Length] : text;
        if (size.Length > 0 && Letters.Contains(char.ToUpperInvariant(size[^1]), StringComparison.Ordinal))
        {
            size += "iB";
        }

        if (!SizeText.TryParse(size, out long bytes) || bytes is < MinBytes or > MaxBytes)
        {
            result.AddError(
                $"'{text}' is no rate from {SizeText.Format(MinBytes)} to {SizeText.Format(MaxBytes)} a second; write "
                + "it as 500K, 50M or 50MiB/s.");
        }

        return bytes;
    }
}
