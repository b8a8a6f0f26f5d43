using HyperVBackup.Hosts;
using HyperVBackup.Hosts.VirtualDisks;
using HyperVBackup.HyperV.Native;

namespace HyperVBackup.HyperV.VirtualDisks;

/// <summary>Asks virtdisk.dll for a disk's facts, through handles that may serve for nothing else: so a disk can be
/// asked that a running machine has in use.</summary>
internal static class AskedDisk
{
    private const int ParentCountMax = 64;
    private const int Differencing = 4;
    private const int VhdDevice = 2;

    /// <param name="isOnlyAsked">Whether it is never read.</param>
    /// <exception cref="HostException">It cannot be opened.</exception>
    public static VirtualDiskHandle Open(string path, bool isOnlyAsked)
    {
        uint code = VirtDisk.Open(path, isOnlyAsked, out VirtualDiskHandle disk);
        if (code != 0)
        {
            disk.Dispose();
            throw DiskFailure.Of(path, "opened", code);
        }

        return disk;
    }

    /// <summary>A disk of which the host does not say whether it is tracked counts as not tracked, and one of which it
    /// says no format counts as no VHD: then more is tried of it.</summary>
    /// <exception cref="HostException">The host does not say more than that.</exception>
    public static VirtualDiskFacts FactsOf(string path, VirtualDiskHandle handle)
    {
        DiskAnswer size = DiskFailure.Ask(path, handle, DiskQuestion.Size);
        DiskAnswer physical = DiskFailure.Ask(path, handle, DiskQuestion.PhysicalSectorSize);
        DiskAnswer type = new(DiskQuestion.StorageType);
        bool isVhd = VirtDisk.Ask(handle, type) == 0 && type.Int32(DiskAnswer.DeviceAt) == VhdDevice;
        DiskAnswer tracking = new(DiskQuestion.ChangeTracking);
        bool isTracked = VirtDisk.Ask(handle, tracking) == 0 && tracking.Int32(DiskAnswer.IsTrackedAt) != 0;
        return new VirtualDiskFacts(
            DiskIdOf(path, handle), size.Int64(DiskAnswer.VirtualSizeAt), size.Int32(DiskAnswer.SectorSizeAt),
            physical.Int32(DiskAnswer.PhysicalSectorSizeAt), size.Int32(DiskAnswer.BlockSizeAt),
            isTracked, isTracked ? tracking.Text(DiskAnswer.MostRecentIdAt) : null)
        {
            IsVhd = isVhd,
        };
    }

    /// <summary>The path of the image that a disk's chain of parents is built on.</summary>
    /// <exception cref="HostException">An image cannot be opened, or says no parent.</exception>
    public static string BasePathOf(string path)
    {
        string at = path;
        for (int parentCount = 0; parentCount <= ParentCountMax; parentCount++)
        {
            if (ParentOf(at) is not { } parent)
            {
                return at;
            }

            at = parent;
        }

        throw new HostException($"The disk '{path}' has more than {ParentCountMax} parents.");
    }

    /// <summary>Of a VHD, which has no identity that its children share, the id of the image that all is built on.
    /// </summary>
    private static Guid DiskIdOf(string path, VirtualDiskHandle handle)
    {
        DiskAnswer id = new(DiskQuestion.DiskId);
        if (VirtDisk.Ask(handle, id) == 0 && id.Guid(DiskAnswer.DiskIdAt) != Guid.Empty)
        {
            return id.Guid(DiskAnswer.DiskIdAt);
        }

        string basePath = BasePathOf(path);
        using VirtualDiskHandle image = Open(basePath, isOnlyAsked: true);
        Guid imageId = DiskFailure.Ask(basePath, image, DiskQuestion.ImageId).Guid(DiskAnswer.ImageIdAt);
        return imageId != Guid.Empty ? imageId : throw new HostException($"The disk '{path}' has no identity.");
    }

    /// <returns>Null where the disk has none.</returns>
    private static string? ParentOf(string path)
    {
        using VirtualDiskHandle disk = Open(path, isOnlyAsked: true);
        DiskAnswer subtype = DiskFailure.Ask(path, disk, DiskQuestion.Subtype);
        if (subtype.Int32(DiskAnswer.SubtypeAt) != Differencing)
        {
            return null;
        }

        DiskAnswer location = DiskFailure.Ask(path, disk, DiskQuestion.ParentLocation);
        return location.Int32(DiskAnswer.IsResolvedAt) != 0
            ? location.Text(DiskAnswer.ParentAt)
            : throw new HostException($"The host does not find the parent of the disk '{path}'.");
    }
}
