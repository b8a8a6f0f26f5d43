using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using HyperVBackup.Cli.Output;
using HyperVBackup.Repository;
using HyperVBackup.Repository.Maintenance.Collect;
using HyperVBackup.Repository.Maintenance.Prune;

namespace HyperVBackup.Cli.Commands;

/// <summary><c>prune</c>: retires restore points by a policy.</summary>
internal static class PruneCommand
{
    private static readonly Dictionary<RetentionRule, Option<int?>> Keep = new()
    {
        [RetentionRule.Last] = KeepOption("last", "newest points"),
        [RetentionRule.Hourly] = KeepOption("hourly", "last hours that have one, the newest point each"),
        [RetentionRule.Daily] = KeepOption("daily", "last days"),
        [RetentionRule.Weekly] = KeepOption("weekly", "last weeks, Monday to Sunday"),
        [RetentionRule.Monthly] = KeepOption("monthly", "last months"),
        [RetentionRule.Yearly] = KeepOption("yearly", "last years"),
    };

    private static readonly Option<string?> Vm = new("--vm")
    {
        Description = "Only one VM's points, by name or GUID; if not given, those of every VM, each by itself.",
        HelpName = "VM",
    };

    private static readonly Option<TimeZoneInfo?> Zone = new("--time-zone")
    {
        Description = "Whose hours and days are meant, as Europe/Berlin or UTC; this host's if not given.",
        HelpName = "ZONE",
        CustomParser = ParseZone,
    };

    private static readonly Option<bool> DryRun = new("--dry-run")
    {
        Description = "Only say which points would go, why each other one stays, and how much space that frees.",
    };

    private static readonly Option<bool> Force = new("--force")
    {
        Description = "Also let go a VM's last point that can be read, and believe the clocks where they are more "
            + "than a day past the newest restore point. Pinned and immutable points stay.",
    };

    public static Command Create()
    {
        Command command = new(
            "prune", "Retire restore points by a policy; 'collect' deletes them and frees their space.");
        foreach (Option<int?> option in Keep.Values)
        {
            command.Add(option);
        }

        command.Add(Vm);
        command.Add(Zone);
        command.Add(DryRun);
        command.Add(Force);
        command.SetAction((parsed, token) => CommandContext.RunAsync(parsed, RunAsync, token));
        return command;
    }

    private static async Task<int> RunAsync(CommandContext context, CancellationToken token)
    {
        bool isDryRun = context.Parsed.GetValue(DryRun);
        PruneOptions options = new()
        {
            Policy = PolicyOf(context.Parsed),
            Vm = context.Parsed.GetValue(Vm),
            Force = context.Parsed.GetValue(Force),
            MeasureSpace = isDryRun,
        };
        BackupRepository repository = await context.OpenAsync(token);
        Pruning pruning = new(repository, options);
        PrunePlan plan = await context.Live.RunAsync(show => pruning.PlanAsync(
            new Told<CollectProgress>(at => show(new Step(at.Stage, at.DoneCount, at.TotalCount, 0))), token));
        if (plan.SpaceFault is { } fault)
        {
            context.Live.Warn($"What this frees cannot be told. {fault}");
        }

        if (!isDryRun)
        {
            await pruning.ExecuteAsync(plan, token);
        }

        PrunePlanText text = new(plan, options.Policy, isDryRun);
        if (context.IsJson)
        {
            text.WriteJson();
        }
        else
        {
            text.WriteText();
        }

        return ExitCodes.Done;
    }

    private static RetentionPolicy PolicyOf(ParseResult parsed)
    {
        Dictionary<RetentionRule, int> counts = [];
        foreach ((RetentionRule rule, Option<int?> option) in Keep)
        {
            if (parsed.GetValue(option) is int count)
            {
                counts.Add(rule, count);
            }
        }

        return counts.Count > 0
            ? new RetentionPolicy(counts, parsed.GetValue(Zone) ?? TimeZoneInfo.Local)
            : throw new UsageException(
                "Say what to keep: --keep-last, --keep-hourly, --keep-daily, --keep-weekly, --keep-monthly or "
                + "--keep-yearly, each with a number.");
    }

    private static Option<int?> KeepOption(string rule, string what) => new("--keep-" + rule)
    {
        Description = $"Keep, of each VM, that many: the {what}.",
        HelpName = "N",
        CustomParser = ParseCount,
    };

    private static int? ParseCount(ArgumentResult result)
    {
        string text = result.Tokens[^1].Value;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int count))
        {
            return count;
        }

        result.AddError($"'{text}' is no number of points to keep: give 0 or more.");
        return null;
    }

    private static TimeZoneInfo? ParseZone(ArgumentResult result)
    {
        string text = result.Tokens[^1].Value;
        if (TimeZoneInfo.TryFindSystemTimeZoneById(text, out TimeZoneInfo? zone))
        {
            return zone;
        }

        result.AddError($"This system knows no time zone '{text}': give one as Europe/Berlin, or UTC.");
        return null;
    }
}
