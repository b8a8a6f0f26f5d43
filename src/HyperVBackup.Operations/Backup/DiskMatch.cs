using HyperVBackup.Format.Points;

namespace HyperVBackup.Operations.Backup;

/// <summary>Finds the same disk in another point: by its identity, and only where none has it by its name.</summary>
internal static class DiskMatch
{
    public static DiskPoint? Find(RestorePoint point, string identity, string name) =>
        point.Disks.FirstOrDefault(disk => identity.Length > 0 && disk.Identity == identity)
        ?? point.Disks.FirstOrDefault(disk => string.Equals(disk.Name, name, StringComparison.OrdinalIgnoreCase));
}
