using System.Runtime.Versioning;
using HyperVBackup.Hosts.VirtualDisks;
using HyperVBackup.HyperV.Native;

namespace HyperVBackup.HyperV.VirtualDisks;

/// <summary>Opens the virtual disks of this Windows host. One thread at a time.</summary>
[SupportedOSPlatform("windows")]
public sealed class WindowsDiskHost : IVirtualDiskHost
{
    /// <inheritdoc/>
    public IVirtualDisk Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return new WindowsDisk(path, AskedDisk.Open(path, isOnlyAsked: false));
    }

    /// <inheritdoc/>
    public VirtualDiskFacts Look(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using VirtualDiskHandle disk = AskedDisk.Open(path, isOnlyAsked: true);
        return AskedDisk.FactsOf(path, disk);
    }

    /// <inheritdoc/>
    public string BasePathOf(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return AskedDisk.BasePathOf(path);
    }
}
