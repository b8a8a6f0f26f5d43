using HyperVBackup.Hosts.Configurations;
using HyperVBackup.Hosts.Wmi;

namespace HyperVBackup.Hosts.Machines;

/// <summary>The settings of a machine, live or as a checkpoint holds them.</summary>
/// <param name="Kind">What Hyper-V calls VirtualSystemType.</param>
/// <param name="Version">The configuration version, as in <c>8.0</c>; empty where it is not told.</param>
internal sealed record MachineSettings(
    CimPath Path, string InstanceId, string Name, string Kind, DateTimeOffset? Created, string Version)
{
    /// <summary>The first with change tracking, by what most say; some say 8.0. From there on the disks tell.</summary>
    private static readonly Version FirstTracked = new(6, 2);

    /// <summary>Where its files are.</summary>
    public ConfigurationPlace Files { get; init; } = new("", "");

    /// <summary>Whether its version is one that knows no change tracking.</summary>
    public bool IsBeforeTracking => System.Version.TryParse(Version, out Version? version) && version < FirstTracked;

    /// <summary>Those the machine runs with.</summary>
    public bool IsLive => Kind == "Microsoft:Hyper-V:System:Realized";

    /// <summary>Those of a machine that is only planned.</summary>
    public bool IsPlanned => Kind == "Microsoft:Hyper-V:System:Planned";

    /// <summary>A checkpoint that is named by others, and not there.</summary>
    public bool IsMissing => Kind == "Microsoft:Hyper-V:Snapshot:Missing";

    /// <summary>A checkpoint, a user's or a backup's.</summary>
    public bool IsCheckpoint => Kind.StartsWith("Microsoft:Hyper-V:Snapshot:", StringComparison.Ordinal);

    /// <summary>A checkpoint that was made for a backup, by whatever program.</summary>
    public bool IsRecovery => Kind == "Microsoft:Hyper-V:Snapshot:Recovery";
}
