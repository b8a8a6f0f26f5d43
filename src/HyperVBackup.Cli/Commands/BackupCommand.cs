using System.CommandLine;
using HyperVBackup.Cli.Hosting;
using HyperVBackup.Cli.Output;
using HyperVBackup.Format.Points;
using HyperVBackup.Hosts.Batches;
using HyperVBackup.Hosts.Containers;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Hosted;
using HyperVBackup.Qemu;
using HyperVBackup.Repository;

namespace HyperVBackup.Cli.Commands;

/// <summary><c>backup</c>: takes disks of a VM into one restore point.</summary>
internal static class BackupCommand
{
    private static readonly Option<string[]> Vm = new("--vm")
    {
        Description = "The VM's name or GUID; a new one begins a VM. With --host: one or several of the host's.",
        HelpName = "VM",
        AllowMultipleArgumentsPerToken = true,
    };

    private static readonly Option<string[]> Disks = new("--disk")
    {
        Description = "A disk image (VHDX, VHD, a child of either, or raw), one or several; its file name names "
            + "the disk, unless NAME does. What it is, its content tells, which of a raw image the guest writes: "
            + "raw:PATH is raw whatever it holds, as block devices are; image:PATH is a VHDX or VHD. "
            + "With --qemu: a block node of the machine.",
        HelpName = "[NAME=][raw:|image:]PATH|NODE",
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
        HostArguments.AddTo(command);
        command.SetAction((parsed, token) => CommandContext.RunAsync(parsed, RunAsync, token));
        return command;
    }

    private static async Task<int> RunAsync(CommandContext context, CancellationToken token)
    {
        ImmutableOption.RequireToCome(context, ImmutableUntil);
        if (HostArguments.IsAsked(context.Parsed))
        {
            return await RunOnHostAsync(context, token);
        }

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
            JsonOutput.Write(json => BackupReportOutput.WriteJson(json, report));
        }
        else
        {
            BackupReportOutput.WriteText(report);
        }

        return ExitCodes.Done;
    }

    private static BackupRequest RequestOf(CommandContext context)
    {
        ParseResult parsed = context.Parsed;
        string vm = OneVm(parsed);
        if (!VmName.IsValid(vm))
        {
            throw new UsageException(
                $"'{vm}' cannot name a VM: use 1 to 200 characters without '@', '/' or control characters.");
        }

        string[] disks = parsed.GetValue(Disks) is { Length: > 0 } named
            ? named
            : throw new UsageException("Name the VM's disks with --disk, or its Hyper-V host with --host.");
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

    private static string OneVm(ParseResult parsed) => parsed.GetValue(Vm) switch
    {
        [string vm] => vm,
        { Length: > 1 } => throw new UsageException("Only --host backs several VMs up at once: name one with --vm."),
        _ => throw new UsageException("Name the VM with --vm."),
    };

    private static async Task<int> RunOnHostAsync(CommandContext context, CancellationToken token)
    {
        ParseResult parsed = context.Parsed;
        RequireHostAlone(parsed);
        HostAccess host = Surroundings.Current.FindHost(context.Environment, token);
        MachineContainer? container = HostArguments.ContainerOf(parsed, host);
        BatchOptions? batch = HostArguments.BatchOf(parsed, host);
        string[] machines = parsed.GetValue(Vm) ?? [];
        string[] groups = parsed.GetValue(HostArguments.Groups) ?? [];
        BackupRepository repository = await context.OpenAsync(token);
        HostTargets targets = container is null
            ? HostTargets.Of(host, machines, groups)
            : Renew(context, host, repository, container);
        HostBackups backups = new(
            context, host, repository,
            options => HostArguments.Configure(parsed, options),
            request => request with
            {
                Full = parsed.GetValue(Full),
                AuditPercent = parsed.GetValue(Audit),
                ReadBytesPerSecondMax = parsed.GetValue(Limit),
                ImmutableUntil = parsed.GetValue(ImmutableUntil),
            });
        List<HostOutcome> outcomes =
            await context.Live.RunAsync(show => backups.RunAsync(targets.Due, batch, show, token));
        HostOutcomeOutput.Write(
            context, host, targets, outcomes, isOne: container is null && machines.Length + groups.Length == 1);
        return targets.Silent.Count == 0 && outcomes.TrueForAll(outcome => outcome.Report is not null)
            ? ExitCodes.Done
            : ExitCodes.Failed;
    }

    private static void RequireHostAlone(ParseResult parsed)
    {
        Option? other = new Option[] { Disks, Changes }
            .FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false });
        if (other is not null || QemuArguments.IsAsked(parsed))
        {
            throw new UsageException(
                $"{other?.Name ?? "--qemu"} and --host exclude each other: the host knows its machines' disks.");
        }

        string[] named = [.. parsed.GetValue(Vm) ?? [], .. parsed.GetValue(HostArguments.Groups) ?? []];
        bool isContained = parsed.GetValue(HostArguments.Container) is not null;
        if (named.Length > 0 == isContained)
        {
            throw new UsageException("With --host name the machines either with --vm and --group or with --container.");
        }

        if (named.Contains(""))
        {
            throw new UsageException("'' names no machine and no group.");
        }
    }

    /// <summary>Takes an inventory of a container and keeps it for the next.</summary>
    private static HostTargets Renew(
        CommandContext context, HostAccess host, BackupRepository repository, MachineContainer container)
    {
        ContainerNotes notes = new(
            HostEnvironments.NotesFolderOf(context.Environment, "containers", repository.Id.ToString()));
        ContainerMembers? before = notes.Read(container);
        if (before is null)
        {
            context.Live.Warn($"What was noted of {ContainerText.Of(container)} is damaged: all its members are new.");
        }

        HostTargets targets =
            HostTargets.Of(host, container, before ?? ContainerMembers.None, out ContainerMembers after);
        notes.Write(container, after);
        return targets;
    }
}
