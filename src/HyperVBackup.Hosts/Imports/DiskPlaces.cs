using HyperVBackup.Hosts.Configurations;
using HyperVBackup.Hosts.Machines;

namespace HyperVBackup.Hosts.Imports;

/// <summary>Finds which restored disk belongs where in a planned machine: by the image that its configuration names
/// there, or by the place.</summary>
internal static class DiskPlaces
{
    /// <param name="files">The restored images, by the disk's name in the restore point.</param>
    /// <exception cref="HostException">Not every disk has its one place, and every place its disk: a machine whose disk
    /// is another's is worse than none.</exception>
    public static IReadOnlyList<(AttachedDisk Attached, string File)> Match(
        IReadOnlyList<AttachedDisk> attached, MachineManifest manifest, IReadOnlyDictionary<string, string> files)
    {
        List<(AttachedDisk Attached, string File)> matched = [];
        HashSet<string> used = [];
        foreach (AttachedDisk disk in attached)
        {
            ManifestDisk found = Only(manifest.Disks, known => IsSame(known.File, disk.File))
                ?? Only(manifest.Disks, known => known.Place == DiskKey.PlaceOf(disk.InstanceId))
                ?? throw new HostException(
                    $"The configuration attaches '{disk.File}', which is none of the disks of the restore point.");
            if (!used.Add(found.Disk) || !files.TryGetValue(found.Disk, out string? file))
            {
                throw new HostException(
                    $"The configuration attaches '{disk.File}', and disk '{found.Disk}' of the restore point is not "
                    + "there for it alone.");
            }

            matched.Add((disk, file));
        }

        string? left = files.Keys.FirstOrDefault(disk => !used.Contains(disk));
        return left is null
            ? matched
            : throw new HostException($"The configuration has no place for disk '{left}' of the restore point.");
    }

    private static ManifestDisk? Only(IReadOnlyList<ManifestDisk> disks, Func<ManifestDisk, bool> isIt) =>
        disks.Where(isIt).ToList() is [ManifestDisk one] ? one : null;

    /// <summary>Hosts do not tell upper from lower case in paths.</summary>
    private static bool IsSame(string one, string other) =>
        string.Equals(one, other, StringComparison.OrdinalIgnoreCase);
}
