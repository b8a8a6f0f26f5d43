namespace HyperVBackup.Hosts.Checkpoints;

/// <summary>What a backup that ended in the midst of a step may leave on the host.</summary>
[Flags]
internal enum Remains
{
    None = 0,
    Checkpoint = 1,
    ReferencePoint = 2,
}
