using HyperVBackup.Hosts.Machines;

namespace HyperVBackup.Hosts.Checkpoints;

/// <summary>Finds out of which disk each tracking id of a reference point speaks: by the attachment that stands in the
/// same place of its other list, that attachment's image, and that image's identity; never by order.</summary>
internal sealed class TrackingIds(CycleContext context)
{
    public const string NoneTold = "the reference point before does not say of which disk its tracking ids are";

    /// <summary>By identity. Empty, with a warning, where the two lists do not fit each other; without those disks that
    /// are not attached any more, or of which two ids speak.</summary>
    public Dictionary<string, string> Of(VirtualMachine machine, ReferencePoint point)
    {
        if (point.DiskIds.Count != point.TrackingIds.Count)
        {
            context.Environment.Warn(
                $"The reference point of '{machine.Name}' names {point.DiskIds.Count} disks and "
                + $"{point.TrackingIds.Count} tracking ids; the next backup compares by checksum.");
            return [];
        }

        return context.Catalog.WithDisksOf(
            context.Catalog.LiveSettingsOf(machine), attached => Of(attached, point));
    }

    private Dictionary<string, string> Of(IReadOnlyList<AttachedDisk> attached, ReferencePoint point)
    {
        Dictionary<string, string> ids = [];
        HashSet<string> seen = [];
        for (int index = 0; index < point.DiskIds.Count; index++)
        {
            AttachedDisk? disk = attached.FirstOrDefault(candidate => candidate.InstanceId == point.DiskIds[index]);
            string? identity = disk is null ? null : context.Environment.Disks.Look(disk.File).Identity;
            if (identity is not null && !seen.Add(identity))
            {
                ids.Remove(identity);
            }
            else if (identity is not null && point.TrackingIds[index].Length > 0)
            {
                ids.Add(identity, point.TrackingIds[index]);
            }
        }

        return ids;
    }
}
