using System.CommandLine;
using HyperVBackup.Cli.Output;

namespace HyperVBackup.Cli.Commands;

/// <summary>The option by which something becomes immutable.</summary>
internal static class ImmutableOption
{
    public static Option<DateTimeOffset?> New(string what) => new("--immutable-until")
    {
        Description = what + " before this time, as 2027-01-31 or 2027-01-31T18:00Z; UTC if nothing else is said.",
        HelpName = "TIME",
        CustomParser = TimeText.Parse,
    };

    /// <summary>Refuses a time that this host's clock has passed, before anything is done for it.</summary>
    public static void RequireToCome(CommandContext context, Option<DateTimeOffset?> option)
    {
        if (context.Parsed.GetValue(option) is { } until && until <= context.Environment.Clock.GetUtcNow())
        {
            throw new UsageException($"--immutable-until {Words.Of(until)} has passed: give a time that is to come.");
        }
    }
}
