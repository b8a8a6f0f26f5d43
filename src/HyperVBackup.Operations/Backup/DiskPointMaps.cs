using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maps;

namespace HyperVBackup.Operations.Backup;

/// <summary>The map of a disk in a restore point.</summary>
internal static class DiskPointMaps
{
    public static DiskMap Map(this DiskPoint disk) =>
        new(disk.ChunkSizeBytes, disk.VirtualSizeBytes, disk.TopNode, disk.TopPlace);
}
