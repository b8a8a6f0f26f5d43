using System.CommandLine;
using System.Globalization;

namespace HyperVBackup.Cli.Commands;

/// <summary>How much parity there is to be: whole percent from 1 to 100.</summary>
internal static class ParityOption
{
    private const int Max = 100;

    public static Option<int?> New(string description) => new("--parity")
    {
        Description = description + " 1 to 100.",
        HelpName = "PERCENT",
        CustomParser = result =>
        {
            string text = result.Tokens[^1].Value;
            if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int percent)
                || percent is < 1 or > Max)
            {
                result.AddError($"'{text}' is no share of parity: it is a whole percentage from 1 to 100.");
            }

            return percent;
        },
    };
}
