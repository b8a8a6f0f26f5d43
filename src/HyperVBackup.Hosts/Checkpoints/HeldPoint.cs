namespace HyperVBackup.Hosts.Checkpoints;

/// <summary>A reference point of ours.</summary>
/// <param name="LastApplied">The checkpoint that had been applied to the machine last when it was made.</param>
/// <param name="Disks">Those whose changes since then can be asked for.</param>
internal sealed record HeldPoint(string InstanceId, string? LastApplied, IReadOnlyList<HeldDisk> Disks)
{
    public bool IsRecorded(Func<string, bool> isRecorded) => Disks.Any(disk => isRecorded(disk.TrackingId));
}
