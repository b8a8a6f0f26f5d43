using System.CommandLine;
using HyperVBackup.Cli.Output;
using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository;
using HyperVBackup.Repository.Maintenance;
using HyperVBackup.Repository.Points;

namespace HyperVBackup.Cli.Commands;

/// <summary><c>verify</c>: checks the repository against itself.</summary>
internal static class VerifyCommand
{
    private const double Everything = 100;

    private static readonly Argument<string[]> Points = new("POINT")
    {
        Description = "Only these points and what they need. " + PointArguments.Help,
        Arity = ArgumentArity.ZeroOrMore,
    };

    private static readonly Option<double?> ReadData = new("--read-data")
    {
        Description = "Also read, decode and hash this share of the stored chunks (all, if no percentage is given).",
        HelpName = "PERCENT",
        Arity = ArgumentArity.ZeroOrOne,
    };

    public static Command Create()
    {
        Command command = new("verify", "Check the repository, and say what damage touches.") { Points, ReadData };
        command.SetAction((parsed, token) => CommandContext.RunAsync(parsed, RunAsync, token));
        return command;
    }

    private static async Task<int> RunAsync(CommandContext context, CancellationToken token)
    {
        BackupRepository repository = await context.OpenAsync(token);
        VerificationOptions options = new()
        {
            Points = await IdsAsync(repository, context.Parsed.GetValue(Points) ?? [], token),
            ReadDataPercent = PercentOf(context.Parsed),
        };
        VerificationReport report = await LiveProgress.RunAsync(show =>
            repository.NewVerification(options).RunAsync(
                new Told<VerificationProgress>(at => show(at.Stage, at.DoneCount, at.TotalCount)), token));
        if (context.IsJson)
        {
            WriteJson(report);
        }
        else
        {
            WriteText(report, options);
        }

        return report.Damage.Count == 0 ? ExitCodes.Done : ExitCodes.Failed;
    }

    private static double PercentOf(ParseResult parsed)
    {
        double percent = parsed.GetValue(ReadData) ?? (parsed.GetResult(ReadData) is null ? 0 : Everything);
        return percent is >= 0 and <= Everything
            ? percent
            : throw new UsageException("--read-data takes a percentage from 0 to 100.");
    }

    private static async Task<List<SessionId>> IdsAsync(
        BackupRepository repository, string[] references, CancellationToken token)
    {
        if (references.Length == 0)
        {
            return [];
        }

        List<RestorePoint> points = await repository.ListPointsAsync(token);
        return [.. references.Select(reference => PointSelector.Find(points, reference).Id)];
    }

    private static void WriteJson(VerificationReport report) => JsonOutput.Write(json =>
    {
        json.WriteArray("damage", report.Damage, (item, damage) =>
        {
            item.WriteString("file", damage.File);
            item.WriteNumber("offset", damage.OffsetBytes);
            item.WriteString("what", damage.What);
            item.WriteStartArray("points");
            foreach (SessionId point in damage.Points)
            {
                item.WriteStringValue(point.ToString());
            }

            item.WriteEndArray();
        });
        json.WriteNumber("bytesRead", report.BytesRead);
        json.WriteNumber("points", report.PointCount);
        json.WriteNumber("packs", report.PackCount);
        json.WriteNumber("records", report.RecordCount);
    });

    private static void WriteText(VerificationReport report, VerificationOptions options)
    {
        foreach (Damage damage in report.Damage)
        {
            string touches = damage.Points.Count == 0
                ? "no restore point depends on this copy"
                : "touches " + string.Join(", ", damage.Points);
            Console.WriteLine($"{damage.File} at {damage.OffsetBytes}: {damage.What} ({touches}).");
        }

        string depth = options.ReadDataPercent > 0 ? $", {options.ReadDataPercent:0.##} % of the chunk data" : "";
        Console.WriteLine(
            $"Verified {report.PointCount} restore points and {report.PackCount} packs{depth}: "
            + $"{report.RecordCount} records decoded and hashed, {SizeText.Format(report.BytesRead)} read; "
            + (report.Damage.Count == 0 ? "no damage." : $"{report.Damage.Count} damaged places."));
    }
}
