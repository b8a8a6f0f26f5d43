namespace HyperVBackup.Qemu;

/// <summary>What a QEMU source takes from outside.</summary>
public sealed record QemuEnvironment
{
    /// <summary>For how long answers are waited for.</summary>
    public required TimeProvider Clock { get; init; }

    /// <summary>Names bitmaps and whatever else is made in the hypervisor.</summary>
    public required RandomBytes Randomness { get; init; }

    /// <summary>This process, in the names of what it makes.</summary>
    public uint ProcessId { get; init; }

    /// <summary>Whether a process of this host still runs; a wrong yes refuses the backup.</summary>
    public Func<uint, bool> IsProcessAlive { get; init; } = _ => true;

    /// <summary>Takes sentences about what went wrong beside the backup itself.</summary>
    public Action<string> Warn { get; init; } = _ => { };

    /// <summary>How long the hypervisor may take for one answer.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a guest agent may take; file systems stand still meanwhile.</summary>
    public TimeSpan AgentPatience { get; init; } = TimeSpan.FromSeconds(20);
}
