using HyperVBackup.Disks.Changes;
using HyperVBackup.Hosts.VirtualDisks;

namespace HyperVBackup.Hosts.Checkpoints;

/// <summary>A disk as a checkpoint holds it, with what changed since the reference point before.</summary>
/// <param name="Since">The tracking id that the changes start from; null where there is none.</param>
/// <param name="Paged">What was asked; null where nothing was.</param>
internal sealed record SnapshotDisk(
    DiskKey Key, FrozenDisk Disk, string? Since, DiskChanges Changes, PagedChanges? Paged);
