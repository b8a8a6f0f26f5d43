using System.CommandLine;
using System.Text.Json;
using HyperVBackup.Cli.Output;
using HyperVBackup.Disks;
using HyperVBackup.Format;
using HyperVBackup.Operations.Repair;
using HyperVBackup.Repository;
using HyperVBackup.Repository.Maintenance;
using HyperVBackup.Repository.Maintenance.Repair;

namespace HyperVBackup.Cli.Commands;

/// <summary><c>repair</c>: heals what is damaged, and names what cannot be healed.</summary>
internal static class RepairCommand
{
    private static readonly Option<bool> DryRun = new("--dry-run")
    {
        Description = "Only say what would be healed, and from what; write nothing.",
    };

    private static readonly Option<bool> ReadData = new("--read-data")
    {
        Description = "First read, decode and hash all stored chunks; else what was found before is healed, and what "
            + "the structure shows.",
    };

    private static readonly Option<string[]> From = new("--from")
    {
        Description = "Also look in this other repository, of the same chunk size; may be given more than once.",
        HelpName = "PATH",
    };

    private static readonly Option<string[]> Disks = new("--disk")
    {
        Description = "Also look on this disk as it is now, by the name that restore points know it by; raw: and "
            + "image: as for backup.",
        HelpName = "[NAME=][raw:|image:]PATH",
        AllowMultipleArgumentsPerToken = true,
    };

    public static Command Create()
    {
        Command command = new(
            "repair",
            "Heal what is damaged: from second copies, from parity, from copies elsewhere, from lists of changes and "
            + "maps, from other repositories, from the disks themselves. "
            + "Nothing is deleted. What is left is named with the points and "
            + "the ranges of disks it touches.")
        {
            DryRun, ReadData, From, Disks,
        };
        command.SetAction((parsed, token) => CommandContext.RunAsync(parsed, RunAsync, token));
        return command;
    }

    private static async Task<int> RunAsync(CommandContext context, CancellationToken token)
    {
        List<ImageArgument> images = DiskArguments.Images(context.Parsed.GetValue(Disks) ?? []);
        BackupRepository repository = await context.OpenAsync(token);
        List<BackupRepository> others = [];
        foreach (string path in context.Parsed.GetValue(From) ?? [])
        {
            others.Add(await BackupRepository.OpenAsync(
                Surroundings.Current.OpenStore(path), context.Environment, token));
        }

        List<(string Name, IDisk Disk)> disks = [];
        try
        {
            images.ForEach(image => disks.Add((image.Name, image.Open())));
            RepairOptions options = new()
            {
                DryRun = context.Parsed.GetValue(DryRun),
                ReadData = context.Parsed.GetValue(ReadData),
                Others = others,
                LiveDisks = disks.Count > 0
                    ? new LiveDisks(disks, repository.Settings.ChunkSizeBytes, context.Live.Warn)
                    : null,
            };
            RepairReport report = await context.Live.RunAsync(show =>
                repository.NewRepair(options).RunAsync(
                    new Told<RepairProgress>(at => show(new Step(at.Stage, at.DoneCount, at.TotalCount, at.DoneBytes))),
                    token));
            Tell(context, report, options);
            return report.Left.Count == 0 ? ExitCodes.Done : ExitCodes.Failed;
        }
        finally
        {
            disks.ForEach(disk => disk.Disk.Dispose());
        }
    }

    private static void Tell(CommandContext context, RepairReport report, RepairOptions options)
    {
        if (context.IsJson)
        {
            WriteJson(report, options);
        }
        else
        {
            WriteText(report, options);
        }
    }

    private static void WriteJson(RepairReport report, RepairOptions options) => JsonOutput.Write(json =>
    {
        json.WriteBoolean("dryRun", options.DryRun);
        json.WriteArray("healed", report.Healed, (item, place) =>
        {
            item.WriteString("file", place.File);
            item.WriteNumber("offset", place.OffsetBytes);
            item.WriteString("what", place.What);
            item.WriteString("from", place.From);
            item.WriteBoolean("mended", place.IsMended);
        });
        json.WriteArray("left", report.Left, (item, damage) =>
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
        json.WriteArray("touched", report.Touched, WriteDisk);
        json.WriteNumber("bytesRead", report.BytesRead);
        json.WriteNumber("bytesWritten", report.BytesWritten);
    });

    private static void WriteDisk(Utf8JsonWriter item, TouchedDisk disk)
    {
        item.WriteString("point", disk.Point.ToString());
        item.WriteString("vm", disk.Vm);
        item.WriteString("disk", disk.Disk);
        item.WriteNumber("rangeCount", disk.RangeCount);
        item.WriteArray("ranges", disk.Ranges, (range, listed) =>
        {
            range.WriteNumber("offset", listed.StartBytes);
            range.WriteNumber("length", listed.LengthBytes);
        });
    }

    private static void WriteText(RepairReport report, RepairOptions options)
    {
        string did = options.DryRun ? "would be " : "";
        foreach (HealedPlace place in report.Healed)
        {
            string how = place.IsMended ? "mended" : "stored anew";
            Console.WriteLine($"{place.File} at {place.OffsetBytes}: {place.What} {did}{how} from {place.From}.");
        }

        foreach (Damage damage in report.Left)
        {
            string touches = damage.Points.Count == 0
                ? "no restore point is less for it"
                : "touches " + string.Join(", ", damage.Points);
            Console.WriteLine($"{damage.File} at {damage.OffsetBytes}: {damage.What}; left ({touches}).");
        }

        foreach (TouchedDisk disk in report.Touched)
        {
            string ranges = string.Join(", ", disk.Ranges.Select(range => $"{range.StartBytes}+{range.LengthBytes}"));
            string more = disk.RangeCount > disk.Ranges.Count ? $" and {disk.RangeCount - disk.Ranges.Count} more" : "";
            Console.WriteLine($"Lost of disk '{disk.Disk}' in {disk.Point} of {disk.Vm}: bytes {ranges}{more}.");
        }

        Console.WriteLine(
            $"{Words.OfCount(report.Healed.Count, "place")} {did}healed, "
            + $"{SizeText.Format(report.BytesWritten)} {did}written; "
            + (report.Left.Count == 0
                ? "nothing is left damaged."
                : $"left: {Words.OfCount(report.Left.Count, "place")}."));
    }
}
