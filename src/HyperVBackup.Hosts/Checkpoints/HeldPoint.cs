namespace HyperVBackup.Hosts.Checkpoints;

/// <summary>A reference point of ours, or a checkpoint of ours that is kept in place of one.</summary>
/// <param name="LastApplied">The checkpoint that had been applied to the machine last when it was made.</param>
/// <param name="Others">The checkpoints that were there, whosever: the machine may be taken back to one of them, which
/// what the host tracks need not show.</param>
/// <param name="Disks">Those whose changes since then can be asked for.</param>
internal sealed record HeldPoint(
    string InstanceId, string? LastApplied, IReadOnlyList<string> Others, IReadOnlyList<HeldDisk> Disks)
{
    /// <summary>Whether it is a checkpoint.</summary>
    public bool IsCheckpoint { get; init; }

    /// <summary>Whether the host tracked nothing before it: then no changes start from it, and it only keeps tracking
    /// on.</summary>
    public bool IsBeginning { get; init; }

    public bool IsRecorded(Func<string, bool> isRecorded) => Disks.Any(disk => isRecorded(disk.TrackingId));
}
