using HyperVBackup.Disks.Changes;
using HyperVBackup.Hosts.VirtualDisks;

namespace HyperVBackup.Hosts.Checkpoints;

/// <summary>What changed on the disks of a checkpoint since the reference point that is held, or why that is not
/// known: whatever speaks against the host's tracking means that nothing of it is believed.</summary>
/// <param name="held">Null where there is none.</param>
/// <param name="isListed">Whether the host still shows it.</param>
/// <param name="lastApplied">The checkpoint that was applied to the machine last.</param>
/// <param name="others">The checkpoints that are there, whosever.</param>
/// <param name="untracked">Why the host tracks nothing; null where it does.</param>
internal sealed class Changes(
    HeldPoint? held, bool isListed, string? lastApplied, IReadOnlyCollection<string> others, string? doubt,
    string? untracked, KeptImages images)
{
    public const string Applied = "a checkpoint was applied to the machine since our reference point was made";

    public SnapshotDisk Of(DiskKey key, FrozenDisk disk)
    {
        HeldDisk? before = held?.Disks.SingleOrDefault(candidate => candidate.Identity == key.Identity);
        if (untracked is not null || held is { IsCheckpoint: true })
        {
            return OfImages(key, disk, before);
        }

        PagedChanges paged = new(new HostTracker(disk.OnHost), disk);
        string? reason = Doubt(key, disk, before);
        // Asked also where there is nothing to ask since: whether tracking goes on unmoved decides on the next id.
        DiskChanges told = paged.Read(reason is null ? before!.TrackingId : null);
        return new SnapshotDisk(
            key, disk, before?.TrackingId, reason is null ? told : new DiskChanges.Lost(reason), paged);
    }

    /// <summary>Where a checkpoint was kept, the images tell. What else speaks against them is not asked: it would
    /// show in them. A host that tracks again from now on is asked for its state.</summary>
    private SnapshotDisk OfImages(DiskKey key, FrozenDisk disk, HeldDisk? before)
    {
        string? reason = held is not { IsCheckpoint: true }
            ? doubt ?? untracked
            : doubt ?? (isListed ? null : "our checkpoint that was kept is gone from the host")
                ?? (key.IsShared ? "another disk of the machine has the same identity" : Doubt(disk.Facts, before));
        PagedChanges? paged = untracked is null ? new(new HostTracker(disk.OnHost), disk) : null;
        paged?.Read(null);
        DiskChanges told = reason is null ? images.ChangesOf(before!, disk) : new DiskChanges.Lost(reason);
        return new SnapshotDisk(key, disk, before?.TrackingId, told, paged);
    }

    private string? Doubt(DiskKey key, FrozenDisk disk, HeldDisk? before)
    {
        if (doubt is not null)
        {
            return doubt;
        }

        if (held is null)
        {
            return "no reference point of ours that a restore point follows is known on this host";
        }

        if (!isListed)
        {
            return "our reference point is gone from the host";
        }

        if (held.LastApplied != lastApplied)
        {
            return Applied;
        }

        if (!held.Others.All(others.Contains))
        {
            return "a checkpoint is gone that was there when our reference point was made: the machine may have been "
                + "taken back to it before";
        }

        return key.IsShared
            ? "another disk of the machine has the same identity"
            : Doubt(disk.Facts, before) ?? DoubtOfFile(held, before!, disk);
    }

    /// <summary>Without older checkpoints there is nothing to go back to, and images may be moved.</summary>
    private static string? DoubtOfFile(HeldPoint held, HeldDisk before, FrozenDisk disk) =>
        held.Others.Count == 0 || before.File == disk.Description
            ? null
            : $"the disk's image is another one ('{before.File}' before): the machine may have been taken back to a "
                + "checkpoint";

    private static string? Doubt(VirtualDiskFacts now, HeldDisk? before)
    {
        if (before is null)
        {
            return "our reference point does not speak of this disk";
        }

        if (before.VirtualSizeBytes != now.VirtualSizeBytes)
        {
            return $"the disk was resized from {before.VirtualSizeBytes} to {now.VirtualSizeBytes} bytes";
        }

        return before.LogicalSectorSizeBytes == now.LogicalSectorSizeBytes
            ? null
            : $"the disk's sectors have {now.LogicalSectorSizeBytes} bytes and had {before.LogicalSectorSizeBytes}";
    }
}
