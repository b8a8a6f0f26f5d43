using HyperVBackup.Hosts.Wmi;

namespace HyperVBackup.Hosts.Machines;

/// <summary>The settings of a machine, live or as a checkpoint holds them.</summary>
/// <param name="Kind">What Hyper-V calls VirtualSystemType.</param>
internal sealed record MachineSettings(
    CimPath Path, string InstanceId, string Name, string Kind, DateTimeOffset? Created)
{
    /// <summary>Those the machine runs with.</summary>
    public bool IsLive => Kind == "Microsoft:Hyper-V:System:Realized";

    /// <summary>A checkpoint, a user's or a backup's.</summary>
    public bool IsCheckpoint => Kind.StartsWith("Microsoft:Hyper-V:Snapshot:", StringComparison.Ordinal);

    /// <summary>A checkpoint that was made for a backup, by whatever program.</summary>
    public bool IsRecovery => Kind == "Microsoft:Hyper-V:Snapshot:Recovery";
}
