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
    private static readonly Argument<string[]> Points = new("POINT")
    {
        Description = "Only these points and what they need; all if none is given. " + PointArguments.Help,
        Arity = ArgumentArity.ZeroOrMore,
    };

    private static readonly Option<string?> ReadData = new("--read-data")
    {
        Description = "Also read, decode and hash the stored chunks: all, or this share of them by turns, so that runs "
            + "which make 100 read all. What a stopped run read counts, for any host. Of named points, by chance.",
        HelpName = "PERCENT",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private const int ShownRangeCount = 3;

    public static Command Create()
    {
        Command command = new(
            "verify", "Check the repository, and say what damage there is and which points it touches.")
        {
            Points, ReadData,
        };
        command.SetAction((parsed, token) => CommandContext.RunAsync(parsed, RunAsync, token));
        return command;
    }

    private static async Task<int> RunAsync(CommandContext context, CancellationToken token)
    {
        (double percent, string[] points) = Read(context.Parsed);
        BackupRepository repository = await context.OpenAsync(token);
        VerificationOptions options = new()
        {
            Points = await IdsAsync(repository, points, token),
            ReadDataPercent = percent,
        };
        VerificationReport report = await context.Live.RunAsync(show =>
            repository.NewVerification(options).RunAsync(
                new Told<VerificationProgress>(at =>
                    show(new Step(at.Stage, at.DoneCount, at.TotalCount, at.ReadBytes))),
                token));
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

    /// <summary>What follows --read-data is a percentage or, as the parser cannot know, the first point.</summary>
    private static (double Percent, string[] Points) Read(ParseResult parsed)
    {
        string[] points = parsed.GetValue(Points) ?? [];
        if (parsed.GetValue(ReadData) is not string text)
        {
            return (parsed.GetResult(ReadData) is null ? 0 : PercentText.Max, points);
        }

        if (PercentText.TryParse(text, out double percent))
        {
            return (percent, points);
        }

        return PointArguments.IsPoint(text)
            ? (PercentText.Max, [text, .. points])
            : throw new UsageException($"--read-data takes a percentage from 0 to 100, not '{text}'.");
    }

    private static async Task<List<SessionId>> IdsAsync(
        BackupRepository repository, string[] references, CancellationToken token)
    {
        if (references.Length == 0)
        {
            return [];
        }

        List<RestorePoint> points = await repository.ListShownPointsAsync(token);
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
            item.WriteArray("disks", damage.Disks, (one, disk) =>
            {
                one.WriteString("point", disk.Point.ToString());
                one.WriteString("disk", disk.Disk);
                one.WriteNumber("rangeCount", disk.RangeCount);
                one.WriteArray("ranges", disk.Ranges, (pair, range) =>
                {
                    pair.WriteNumber("offset", range.StartBytes);
                    pair.WriteNumber("length", range.LengthBytes);
                });
            });
        });
        json.WriteNumber("bytesRead", report.BytesRead);
        json.WriteNumber("noted", report.NotedCount);
        if (report.RotationShare is double share)
        {
            json.WriteNumber("rotationPercent", Math.Round(share * PercentText.Max, 2));
        }
    });

    private static void WriteText(VerificationReport report, VerificationOptions options)
    {
        foreach (Damage damage in report.Damage)
        {
            string touches = damage.Points.Count == 0
                ? "no restore point depends on this copy"
                : "touches " + string.Join(", ", damage.Points);
            Console.WriteLine($"{damage.File} at {damage.OffsetBytes}: {damage.What} ({touches}).");
            foreach (DamagedDisk disk in damage.Disks)
            {
                string first = string.Join(", ", disk.Ranges.Take(ShownRangeCount).Select(
                    range => $"{SizeText.Format(range.LengthBytes)} at {range.StartBytes}"));
                long moreCount = disk.RangeCount - Math.Min(disk.RangeCount, ShownRangeCount);
                string more = moreCount > 0 ? $", and {moreCount} more" : "";
                Console.WriteLine($"  {disk.Point}, disk {disk.Disk}: {first}{more}.");
            }
        }

        string depth = options.ReadDataPercent > 0 ? $", {options.ReadDataPercent:0.##} % of the chunk data" : "";
        string rotation = report.RotationShare is double share and > 0
            ? $" {share * PercentText.Max:0.##} % of the rotation through all of it is done."
            : "";
        Console.WriteLine(
            $"Verified {Words.OfCount(report.PointCount, "restore point")} and "
            + $"{Words.OfCount(report.PackCount, "pack")}{depth}: "
            + $"{Words.OfCount(report.RecordCount, "record")} decoded and hashed, "
            + $"{SizeText.Format(report.BytesRead)} read; "
            + (report.NotedCount == 0
                ? ""
                : $"noted for all hosts: {Words.OfCount(report.NotedCount, "place")} ('repair' heals); ")
            + (report.Damage.Count == 0 ? "no damage." : $"{Words.OfCount(report.Damage.Count, "damaged place")}.")
            + rotation);
    }
}
