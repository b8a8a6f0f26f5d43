namespace HyperVBackup.Hosts.Checkpoints;

/// <summary>How far the backup of a machine may have got, as noted before each step; what each means stands in
/// <see cref="BackupCycle"/>.</summary>
internal enum CycleStage
{
    Idle,
    Creating,
    Marking,
    Reading,
    Converting,
    Sealed,
    Removing,
}
