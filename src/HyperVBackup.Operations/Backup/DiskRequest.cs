using HyperVBackup.Disks.Changes;

namespace HyperVBackup.Operations.Backup;

/// <summary>One disk to back up: its name in the restore point, and where its bytes and changes come from.</summary>
public sealed record DiskRequest(string Name, IChangeSource Source);
