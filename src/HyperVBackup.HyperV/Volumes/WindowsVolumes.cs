using System.Runtime.Versioning;
using HyperVBackup.Hosts;
using HyperVBackup.Hosts.Vss;
using HyperVBackup.HyperV.Native;

namespace HyperVBackup.HyperV.Volumes;

/// <summary>Which volume of this Windows host a file is on. Thread-safe.</summary>
[SupportedOSPlatform("windows")]
public static class WindowsVolumes
{
    /// <exception cref="HostException">It is on none of this host's: on a share, say.</exception>
    public static VssVolume VolumeOf(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        (string? mountPath, uint error) = Kernel32.VolumePathOf(path);
        string? name = null;
        if (mountPath is not null)
        {
            mountPath = mountPath.EndsWith('\\') ? mountPath : mountPath + '\\';
            (name, error) = Kernel32.VolumeNameOf(mountPath);
        }

        return name is not null
            ? new VssVolume(name, mountPath!, ClusterVolumes.IsOnSharedVolume(path))
            : throw new HostException(
                $"It cannot be told on which of this host's volumes '{path}' is (error {error}).", error);
    }
}
