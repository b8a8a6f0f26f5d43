using System.CommandLine;
using HyperVBackup.Hosts;
using HyperVBackup.Hosts.Batches;
using HyperVBackup.Hosts.Containers;

namespace HyperVBackup.Cli.Hosting;

/// <summary>Reads <c>--host</c> with <c>--container KIND:NAME</c> and what goes with it.</summary>
internal static class HostArguments
{
    /// <summary>Which machines of this host or its cluster are meant.</summary>
    public static Option<string?> Container { get; } = new("--container")
    {
        Description = "The machines of this host (host), of a cluster, or with a disk in a folder or cluster shared "
            + "volume; they join and leave on their own.",
        HelpName = "host|cluster:NAME|csv:PATH|folder:PATH",
    };

    /// <summary>Which groups of machines of this host are meant.</summary>
    public static Option<string[]> Groups { get; } = new("--group")
    {
        Description = "A VM group of this host, by name or GUID: the disks of all its machines, of one moment, as one "
            + "restore point; they are compared by checksum each time.",
        HelpName = "GROUP",
        AllowMultipleArgumentsPerToken = true,
    };

    private static readonly Option<bool> Host = new("--host")
    {
        Description = "Back up machines of this Hyper-V host, or its cluster, through checkpoints that are gone again "
            + "afterwards; name them with --vm, --group or --container.",
    };

    private static readonly Option<bool> AllowCrashConsistent = new("--allow-crash-consistent")
    {
        Description = "Where a machine's programs cannot be brought to rest, back it up as of a power cut.",
    };

    private static readonly Option<bool> AllowWithoutConfiguration = new("--allow-without-configuration")
    {
        Description = "Where the files of a machine's configuration are not found, back up its disks without them.",
    };

    private static readonly Option<bool> KeepCheckpoints = new("--keep-checkpoints")
    {
        Description = "Where the host tracks no changes, leave a machine's checkpoint until its next backup, so that "
            + "only what changed is read; it takes the room of what is written meanwhile.",
    };

    private static readonly Option<string[]> OwnCheckpoints = new("--own-checkpoint")
    {
        Description = "A checkpoint that a warning told of and that is left of this program's: it is removed.",
        HelpName = "ID",
    };

    private static readonly Option<bool> VolumeSnapshots = new("--volume-snapshots")
    {
        Description = "Make the checkpoints of all machines first, then one snapshot of each volume that they are on, "
            + "let the checkpoints go at once, and read from the snapshots; for this host's machines.",
    };

    private static readonly Option<int?> MachinesPerVolume = new("--machines-per-volume")
    {
        Description = "With --volume-snapshots: no more machines of one volume at a time; the others get another "
            + "snapshot of it after them.",
        HelpName = "COUNT",
    };

    private static readonly Option<int?> MachinesPerSharedVolume = new("--machines-per-shared-volume")
    {
        Description = "The same for cluster shared volumes.",
        HelpName = "COUNT",
    };

    private static readonly Option<string[]> OthersCheckpoints = new("--others-checkpoint")
    {
        Description = "A checkpoint that a warning told of and that is another program's: it stays, and is told no "
            + "more.",
        HelpName = "ID",
    };

    public static void AddTo(Command command)
    {
        command.Add(Host);
        foreach (Option option in Dependent)
        {
            command.Add(option);
        }
    }

    private static Option[] Dependent =>
    [
        Container, Groups, AllowCrashConsistent, AllowWithoutConfiguration, KeepCheckpoints, OwnCheckpoints,
        OthersCheckpoints, VolumeSnapshots, MachinesPerVolume, MachinesPerSharedVolume,
    ];

    /// <summary>Whether machines of a host are meant.</summary>
    /// <exception cref="UsageException">Options do not fit together.</exception>
    public static bool IsAsked(ParseResult parsed)
    {
        bool isAsked = parsed.GetValue(Host);
        Option? alone = Dependent.FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false });
        return isAsked || alone is null ? isAsked : throw new UsageException($"{alone.Name} needs --host.");
    }

    /// <summary>Null where none is named.</summary>
    /// <exception cref="UsageException">What is named is none.</exception>
    public static MachineContainer? ContainerOf(ParseResult parsed, HostAccess host) =>
        parsed.GetValue(Container) is { } text
            ? ContainerText.Parse(text, host.Name)
                ?? throw new UsageException($"'{text}' is no container: use {ContainerText.Forms}.")
            : null;

    /// <summary>The limits of batches; null where machines are backed up one after the other.</summary>
    /// <exception cref="UsageException">Options do not fit together.</exception>
    /// <exception cref="HostException">The host makes no snapshots.</exception>
    public static BatchOptions? BatchOf(ParseResult parsed, HostAccess host)
    {
        int perVolume = LimitOf(parsed, MachinesPerVolume);
        int perSharedVolume = LimitOf(parsed, MachinesPerSharedVolume);
        if (!parsed.GetValue(VolumeSnapshots))
        {
            return null;
        }

        return host.OpenVolumes is null
            ? throw new HostException(
                "Nothing makes snapshots of this host's volumes for this program: leave --volume-snapshots out.")
            : new BatchOptions { MachinesPerVolumeMax = perVolume, MachinesPerSharedVolumeMax = perSharedVolume };
    }

    /// <summary>Adds what was allowed for the machines.</summary>
    public static HostOptions Configure(ParseResult parsed, HostOptions options) => options with
    {
        AllowCrashConsistent = parsed.GetValue(AllowCrashConsistent),
        AllowWithoutConfiguration = parsed.GetValue(AllowWithoutConfiguration),
        KeepCheckpoints = parsed.GetValue(KeepCheckpoints),
        OwnCheckpoints = parsed.GetValue(OwnCheckpoints) ?? [],
        OthersCheckpoints = parsed.GetValue(OthersCheckpoints) ?? [],
    };

    private static int LimitOf(ParseResult parsed, Option<int?> option)
    {
        if (parsed.GetValue(option) is not int limit)
        {
            return int.MaxValue;
        }

        if (!parsed.GetValue(VolumeSnapshots))
        {
            throw new UsageException($"{option.Name} needs --volume-snapshots.");
        }

        return limit > 0 ? limit : throw new UsageException($"{option.Name} is at least 1.");
    }
}
