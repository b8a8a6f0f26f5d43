using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;
using HyperVBackup.Hosts.Machines;
using HyperVBackup.Hosts.VirtualDisks;

namespace HyperVBackup.Hosts.Checkpoints;

/// <summary>
/// Tells what changed on a disk since a checkpoint that was kept, from the images themselves. The proof: the image that
/// the checkpoint holds, which was backed up, is still in the chain and holds what it held; so only what the images
/// above it say by themselves can differ. What was merged among those above does no harm: their union stays. What was
/// merged into that image, or wrote to it, gives it another mark.
/// </summary>
internal sealed class KeptImages(CycleContext context)
{
    /// <summary>What the images say by themselves that are above the one which was backed up.</summary>
    public DiskChanges ChangesOf(HeldDisk before, FrozenDisk now)
    {
        if (before.ContentMark is null)
        {
            return new DiskChanges.Lost("what was to be merged with the image of the checkpoint before was not yet");
        }

        try
        {
            using IImageChain top = context.Environment.Images.OpenChain(now.Description);
            return Read(top, before.ContentMark);
        }
        catch (Exception failure) when (failure is HostException or DiskImageException)
        {
            return new DiskChanges.Lost($"the disk's images cannot be read: {failure.Message.TrimEnd('.')}");
        }
    }

    /// <summary>Notes what the images of a kept checkpoint hold, once nothing is merged with them any more. Where that
    /// does not come to an end the next backup compares by checksum.</summary>
    /// <exception cref="HostException">The host cannot be asked, or an image cannot be read.</exception>
    public HeldPoint Settled(VirtualMachine machine, HeldPoint kept)
    {
        MachineSettings? settings = null;
        bool isQuiet = context.Poll(
            () =>
            {
                VirtualMachine? now = context.Catalog.FindMachine(machine.Id);
                settings = context.Catalog.SettingsOf(machine).Find(found => found.InstanceId == kept.InstanceId);
                return now is { Busy: null } && !context.Jobs.IsAnyRunning(machine.Path);
            },
            context.Options.BusyPatience);
        return isQuiet && settings is not null
            ? context.Catalog.WithDisksOf(settings, attached => Marked(attached, kept))
            : throw new HostException($"The images of '{machine.Name}' are still being merged.");
    }

    private static DiskChanges Read(IImageChain top, string mark)
    {
        ChangedRangesBuilder ranges = new();
        for (IImageChain? image = top; image is not null; image = image.Parent)
        {
            if (image.ContentMark == mark)
            {
                return new DiskChanges.Known(ranges.Build());
            }

            if (image.VirtualSizeBytes != top.VirtualSizeBytes)
            {
                return new DiskChanges.Lost("an image of the disk's chain has another size than the disk");
            }

            foreach (ByteRange range in image.OwnRanges(new ByteRange(0, image.VirtualSizeBytes)))
            {
                ranges.Add(range.StartBytes, range.LengthBytes);
            }

            if (ranges.HasMoreThan(PagedChanges.RangeCountMax))
            {
                return new DiskChanges.Lost($"the images tell of more than {PagedChanges.RangeCountMax} ranges");
            }
        }

        return new DiskChanges.Lost(
            "the image that was backed up is not in the disk's chain any more, or something was merged into it or "
            + "wrote to it");
    }

    private HeldPoint Marked(IReadOnlyList<AttachedDisk> attached, HeldPoint kept)
    {
        Dictionary<string, string> marks = [];
        foreach (AttachedDisk disk in attached)
        {
            string identity = context.Environment.Disks.Look(disk.File).Identity;
            using IImageChain chain = context.Environment.Images.OpenChain(disk.File);
            marks[identity] = chain.ContentMark;
        }

        return kept with
        {
            Disks = [.. kept.Disks.Select(disk => disk with
            {
                ContentMark = marks.GetValueOrDefault(disk.Identity),
            })],
        };
    }
}
