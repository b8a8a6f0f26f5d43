using HyperVBackup.Format.Points;

namespace HyperVBackup.Operations.Backup;

/// <summary>Finds the same disk in another point: by its identity, and only where none has it by its name. An
/// identity that two disks of one machine share (copies of one image keep it) tells only together with the name.
/// </summary>
internal static class DiskMatch
{
    /// <summary>The disk that <paramref name="disk"/> of <paramref name="own"/> was in <paramref name="point"/>.
    /// </summary>
    public static DiskPoint? Find(RestorePoint point, RestorePoint own, DiskPoint disk)
    {
        bool isShared = own.Disks.Count(other => other.Identity == disk.Identity) > 1;
        return ByIdentity(point, disk.Identity, disk.Name, isShared) ?? ByName(point, disk.Name);
    }

    /// <param name="isShared">Another disk of the machine has the same identity now.</param>
    public static DiskPoint? ByIdentity(RestorePoint point, string? identity, string name, bool isShared)
    {
        if (string.IsNullOrEmpty(identity))
        {
            return null;
        }

        List<DiskPoint> same = [.. point.Disks.Where(disk => disk.Identity == identity)];
        return same.Find(disk => IsNamed(disk, name)) ?? (same.Count == 1 && !isShared ? same[0] : null);
    }

    public static DiskPoint? ByName(RestorePoint point, string name) =>
        point.Disks.FirstOrDefault(disk => IsNamed(disk, name));

    private static bool IsNamed(DiskPoint disk, string name) =>
        string.Equals(disk.Name, name, StringComparison.OrdinalIgnoreCase);
}
