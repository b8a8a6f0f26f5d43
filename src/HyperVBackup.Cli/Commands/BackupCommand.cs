using System.CommandLine;
using HyperVBackup.Cli.Output;
using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;
using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Qemu;
using HyperVBackup.Repository;

namespace HyperVBackup.Cli.Commands;

/// <summary><c>backup</c>: takes disks of a VM into one restore point.</summary>
internal static class BackupCommand
{
    private static readonly Option<string> Vm = new("--vm")
    {
        Description = "The VM's name or GUID; a new one begins a VM.",
        HelpName = "VM",
        Required = true,
    };

    private static readonly Option<string[]> Disks = new("--disk")
    {
        Description = "A disk image (VHDX, VHD, a child of either, or raw), one or several; its file name names "
            + "the disk, unless NAME does. What it is, its content tells, which of a raw image the guest writes: "
            + "raw:PATH is raw whatever it holds, as block devices are; image:PATH is a VHDX or VHD. "
            + "With --qemu: a block node of the machine.",
        HelpName = "[NAME=][raw:|image:]PATH|NODE",
        Required = true,
        AllowMultipleArgumentsPerToken = true,
    };

    private static readonly Option<string[]> Changes = new("--changes")
    {
        Description = "What changed on each disk, in their order, as a ranges file: "
            + "{\"since\": ID, \"id\": ID, \"ranges\": [{\"offset\": BYTES, \"length\": BYTES}]}; '-' for none.",
        HelpName = "FILE|-",
        AllowMultipleArgumentsPerToken = true,
    };

    private static readonly Option<bool> Full = new("--full")
    {
        Description = "Read whole disks, take nothing from earlier points.",
    };

    private static readonly Option<double?> Audit = new("--audit")
    {
        Description = "Share of the allocated chunks to read again although the changes leave them out, in rotation: 1 "
            + "finds whatever the tracker keeps silent about within 100 backups, or more on disks beyond some 21 TiB "
            + "in blocks of 1 MiB. Without it 1 % of them, or less where "
            + "little changed. A tracker that is caught is not believed until a comparison of the whole disk agrees.",
        HelpName = "PERCENT",
        CustomParser = PercentText.Parse,
    };

    private static readonly Option<long?> Limit = new("--limit")
    {
        Description = "Read disks no faster than this many bytes a second, as 50M, 50MiB or 50MiB/s.",
        HelpName = "RATE",
        CustomParser = RateText.Parse,
    };

    private static readonly Option<DateTimeOffset?> ImmutableUntil =
        ImmutableOption.New("No verb takes the restore point away");

    public static Command Create()
    {
        Command command = new(
            "backup",
            "Back up disks of a VM into one restore point: the changed ranges where they are known and can be "
            + "trusted, otherwise what differs by checksum from the point before; the first time everything. Run "
            + "again after an interruption, it goes on where it was if the disk cannot have changed since.")
        {
            Vm, Disks, Changes, Full, Audit, Limit, ImmutableUntil,
        };
        QemuArguments.AddTo(command);
        command.SetAction((parsed, token) => CommandContext.RunAsync(parsed, RunAsync, token));
        return command;
    }

    private static async Task<int> RunAsync(CommandContext context, CancellationToken token)
    {
        ImmutableOption.RequireToCome(context, ImmutableUntil);
        BackupRequest request = RequestOf(context);
        BackupRepository repository = await context.OpenAsync(token);
        BackupReport report = await context.Live.RunAsync(show =>
            context.NewEngine(repository).BackupAsync(
                request,
                new Told<BackupProgress>(at => show(new Step(at.Disk, at.DoneBytes, at.TotalBytes, at.ReadBytes))),
                token));
        foreach (string warning in report.Warnings)
        {
            context.Live.Warn(warning);
        }

        if (context.IsJson)
        {
            WriteJson(report);
        }
        else
        {
            WriteText(report);
        }

        return ExitCodes.Done;
    }

    private static BackupRequest RequestOf(CommandContext context)
    {
        ParseResult parsed = context.Parsed;
        string vm = parsed.GetRequiredValue(Vm);
        if (!VmName.IsValid(vm))
        {
            throw new UsageException(
                $"'{vm}' cannot name a VM: use 1 to 200 characters without '@', '/' or control characters.");
        }

        string[] disks = parsed.GetRequiredValue(Disks);
        string[] changes = parsed.GetValue(Changes) ?? [];
        QemuMachine? machine = QemuArguments.MachineOf(context, disks, changes);
        return new BackupRequest
        {
            VmName = vm,
            VmIdentity = Guid.TryParse(vm, out Guid guid) ? guid.ToString("D") : null,
            Disks = machine is null
                ? DiskArguments.Read(disks, changes)
                : QemuArguments.DisksOf(machine, disks),
            Full = parsed.GetValue(Full),
            AuditPercent = parsed.GetValue(Audit),
            ReadBytesPerSecondMax = parsed.GetValue(Limit),
            ImmutableUntil = parsed.GetValue(ImmutableUntil),
            FindConsistency = machine is null
                ? null
                : () => machine.IsConsistent ? Consistency.Application : Consistency.Crash,
        };
    }

    private static void WriteJson(BackupReport report) => JsonOutput.Write(json =>
    {
        RestorePoint point = report.Point;
        json.WriteString("restorePoint", point.Id.ToString());
        json.WriteString("vm", point.VmName.Text);
        json.WriteString("kind", Words.Of(point.Kind));
        json.WriteNumber("hitsReread", report.HitsReread);
        json.WriteArray("disks", point.Disks.Zip(report.BytesResumed), (item, pair) =>
        {
            (DiskPoint disk, long bytesResumed) = pair;
            item.WriteString("disk", disk.Name);
            item.WriteString("kind", Words.Of(disk.Kind));
            item.WriteNumber("virtualSize", disk.VirtualSizeBytes);
            item.WriteNumber("bytesRead", disk.Statistics.BytesRead);
            item.WriteNumber("bytesAudited", disk.Statistics.BytesAudited);
            item.WriteNumber("bytesChanged", disk.Statistics.BytesChanged);
            item.WriteNumber("chunksNew", disk.Statistics.ChunksNew);
            item.WriteNumber("bytesNew", disk.Statistics.BytesNew);
            item.WriteNumber("bytesStored", disk.Statistics.BytesStored);
            item.WriteString("root", disk.Root.ToString());
            if (disk.LostReason.Length > 0)
            {
                item.WriteString("lostReason", disk.LostReason);
            }

            if (bytesResumed > 0)
            {
                item.WriteNumber("bytesResumed", bytesResumed);
            }

            AuditText.Write(item, disk, FindingOf(report, disk));
        });
    });

    private static void WriteText(BackupReport report)
    {
        RestorePoint point = report.Point;
        Console.WriteLine($"Restore point {point.Id} of {point.VmName}: {Words.Of(point.Kind)}.");
        foreach ((DiskPoint disk, long bytesResumed) in point.Disks.Zip(report.BytesResumed))
        {
            DiskStatistics counts = disk.Statistics;
            string audited = counts.BytesAudited > 0 ? $" and audited {SizeText.Format(counts.BytesAudited)}" : "";
            Console.WriteLine(
                $"  {disk.Name}: {Words.Of(disk.Kind)}, read {SizeText.Format(counts.BytesRead)}{audited}, "
                + $"changed {SizeText.Format(counts.BytesChanged)}, new {SizeText.Format(counts.BytesNew)}, "
                + $"stored {SizeText.Format(counts.BytesStored)}.");
            if (disk.LostReason.Length > 0)
            {
                Console.WriteLine($"    Compared by checksum: {disk.LostReason}.");
            }

            if (bytesResumed > 0)
            {
                Console.WriteLine(
                    $"    Went on with an interrupted backup: {SizeText.Format(bytesResumed)} were not read again.");
            }

            foreach (string line in AuditText.Of(disk, FindingOf(report, disk)))
            {
                Console.WriteLine($"    {line}");
            }
        }

        if (report.HitsReread > 0)
        {
            Console.WriteLine($"  Of the records relied on, {report.HitsReread} were read again.");
        }
    }

    private static AuditFinding? FindingOf(BackupReport report, DiskPoint disk) =>
        report.Findings.FirstOrDefault(finding => finding.Disk == disk.Name);
}
