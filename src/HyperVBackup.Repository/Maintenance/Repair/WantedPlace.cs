namespace HyperVBackup.Repository.Maintenance.Repair;

/// <summary>Where a restore point holds a chunk.</summary>
/// <param name="Vm">The point's VM.</param>
/// <param name="Disk">The disk's name.</param>
/// <param name="ChunkIndex">On the disk's grid.</param>
public readonly record struct WantedPlace(string Vm, string Disk, long ChunkIndex);
