using System.Runtime.Versioning;
using HyperVBackup.Hosts;
using HyperVBackup.Hosts.VirtualDisks;
using HyperVBackup.HyperV.Native;

namespace HyperVBackup.HyperV.VirtualDisks;

/// <summary>Opens the virtual disks of this Windows host. One thread at a time.</summary>
[SupportedOSPlatform("windows")]
public sealed class WindowsDiskHost : IVirtualDiskHost
{
    private const int ParentCountMax = 64;
    private const int Differencing = 4;

    /// <inheritdoc/>
    public IVirtualDisk Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return new WindowsDisk(path, OpenHandle(path, isOnlyAsked: false));
    }

    /// <inheritdoc/>
    public string BasePathOf(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
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

    /// <returns>Null where the disk has none.</returns>
    private static string? ParentOf(string path)
    {
        using VirtualDiskHandle disk = OpenHandle(path, isOnlyAsked: true);
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

    private static VirtualDiskHandle OpenHandle(string path, bool isOnlyAsked)
    {
        uint code = VirtDisk.Open(path, isOnlyAsked, out VirtualDiskHandle disk);
        if (code != 0)
        {
            disk.Dispose();
            throw DiskFailure.Of(path, "opened", code);
        }

        return disk;
    }
}
