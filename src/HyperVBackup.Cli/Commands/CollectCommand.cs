using System.CommandLine;
using System.CommandLine.Parsing;
using HyperVBackup.Cli.Output;
using HyperVBackup.Format;
using HyperVBackup.Repository;
using HyperVBackup.Repository.Maintenance.Collect;

namespace HyperVBackup.Cli.Commands;

/// <summary><c>collect</c>: deletes what nothing needs any more, while everyone works on.</summary>
internal static class CollectCommand
{
    private static readonly TimeSpan patienceMax = TimeSpan.FromDays(30);

    private static readonly Option<bool> DryRun = new("--dry-run")
    {
        Description = "Only say what would be deleted and rewritten, and what that would free.",
    };

    private static readonly Option<TimeSpan?> Patience = new("--patience")
    {
        Description = "How long a session that is in the way may show no sign of life before it is given up (it then "
            + "starts again by itself), as 90s, 15m or 2h; 15m if not given.",
        HelpName = "TIME",
        CustomParser = result => DurationText.Parse(result, patienceMax),
    };

    private static readonly Option<bool> SingleHost = new("--single-host")
    {
        Description = "No other host uses the repository now: needed on mounts that show late what other hosts put.",
    };

    public static Command Create()
    {
        Command command = new(
            "collect",
            "Delete pruned restore points and what no restore point needs any more, and rewrite packs of which much is "
            + "dead. Backups and restores go on meanwhile.")
        {
            DryRun, SingleHost, Patience,
        };
        command.SetAction((parsed, token) => CommandContext.RunAsync(parsed, RunAsync, token));
        return command;
    }

    private static async Task<int> RunAsync(CommandContext context, CancellationToken token)
    {
        CollectOptions options = new()
        {
            DryRun = context.Parsed.GetValue(DryRun),
            SingleHost = context.Parsed.GetValue(SingleHost),
        };
        if (context.Parsed.GetValue(Patience) is TimeSpan patience)
        {
            options = options with { Patience = patience };
        }

        BackupRepository repository = await context.OpenAsync(token);
        CollectReport report = await context.Live.RunAsync(show =>
            repository.NewCollector(options).RunAsync(
                new Told<CollectProgress>(at => show(new Step(at.Stage, at.DoneCount, at.TotalCount, at.Bytes))),
                token));
        if (context.IsJson)
        {
            WriteJson(report, options);
        }
        else
        {
            WriteText(report, options);
        }

        return ExitCodes.Done;
    }

    private static void WriteJson(CollectReport report, CollectOptions options) => JsonOutput.Write(json =>
    {
        json.WriteBoolean("dryRun", options.DryRun);
        json.WriteNumber("bytesBefore", report.BytesBefore);
        json.WriteNumber("bytesAfter", report.BytesAfter);
        json.WriteNumber("bytesFreed", report.BytesFreed);
        json.WriteNumber("filesDeleted", report.FilesDeleted);
        json.WriteNumber("packsRemoved", report.PacksRemoved);
        json.WriteNumber("packsRepacked", report.PacksRepacked);
        json.WriteNumber("bytesRepacked", report.BytesRepacked);
        json.WriteNumber("mapBytesRead", report.MapBytesRead);
        json.WriteNumber("collections", report.CollectionCount);
        WriteIds("pointsRemoved", report.PointsRemoved);
        WriteIds("sessionsFenced", report.SessionsFenced);

        void WriteIds(string name, IEnumerable<SessionId> ids)
        {
            json.WriteStartArray(name);
            foreach (SessionId id in ids)
            {
                json.WriteStringValue(id.ToString());
            }

            json.WriteEndArray();
        }
    });

    private static void WriteText(CollectReport report, CollectOptions options)
    {
        string would = options.DryRun ? "Would remove" : "Removed";
        bool isNothing = report.PointsRemoved.Count == 0 && report.PacksRemoved == 0 && report.FilesDeleted == 0;
        Console.WriteLine(
            (isNothing
                ? "There is nothing to collect"
                : $"{would} {Words.OfCount(report.PointsRemoved.Count, "restore point")} and "
                    + $"{Words.OfCount(report.PacksRemoved, "pack")} "
                    + $"({report.PacksRepacked} of them rewritten, {SizeText.Format(report.BytesRepacked)} copied): "
                    + $"{SizeText.Format(report.BytesFreed)} freed")
            + $"; packs take {SizeText.Format(report.BytesAfter)}, before {SizeText.Format(report.BytesBefore)}. "
            + $"{SizeText.Format(report.MapBytesRead)} of maps and tables were read.");
        foreach (SessionId session in report.SessionsFenced)
        {
            Console.WriteLine($"Session {session} showed no sign of life and was given up.");
        }
    }
}
