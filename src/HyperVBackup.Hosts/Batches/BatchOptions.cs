namespace HyperVBackup.Hosts.Batches;

/// <summary>How many machines of a job are held in checkpoints, and volumes in snapshots, at a time. Each machine more
/// waits for another wave, and each wave makes one more snapshot of its volumes.</summary>
public sealed record BatchOptions
{
    /// <summary>Machines of the host; at least 1.</summary>
    public int MachinesPerHostMax { get; init => field = AtLeastOne(value); } = int.MaxValue;

    /// <summary>Machines on one volume of the host's own; at least 1.</summary>
    public int MachinesPerVolumeMax { get; init => field = AtLeastOne(value); } = int.MaxValue;

    /// <summary>Machines on one cluster shared volume; at least 1.</summary>
    public int MachinesPerSharedVolumeMax { get; init => field = AtLeastOne(value); } = int.MaxValue;

    /// <summary>Cluster shared volumes of which there are snapshots at a time; at least 1. A machine on more has them
    /// all to itself.</summary>
    public int SharedVolumesMax { get; init => field = AtLeastOne(value); } = int.MaxValue;

    private static int AtLeastOne(int value)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value);
        return value;
    }
}
