using HyperVBackup.Disks;

namespace HyperVBackup.Hosts.VirtualDisks;

/// <summary>Opens disks of another node's machines from this host: only those on shares and cluster shared volumes. The
/// same path on a volume of this host's own would be another file.</summary>
/// <param name="disks">How this host opens virtual disks.</param>
/// <param name="images">How this host opens images.</param>
/// <param name="node">The node whose machines they are of, for messages.</param>
public sealed class SharedDisks(IVirtualDiskHost disks, IImageFiles images, string node)
    : IVirtualDiskHost, IImageFiles
{
    private const string SharedVolumes = @":\ClusterStorage\";

    /// <summary>Whether a path means the same file on every node of a cluster.</summary>
    public static bool IsShared(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        string windows = path.Replace('/', '\\');
        bool isShare = windows.StartsWith(@"\\", StringComparison.Ordinal)
            && !windows.StartsWith(@"\\?\", StringComparison.Ordinal)
            && !windows.StartsWith(@"\\.\", StringComparison.Ordinal);
        return isShare
            || (windows.Length > 1 && windows.AsSpan(1).StartsWith(SharedVolumes, StringComparison.OrdinalIgnoreCase));
    }

    public IVirtualDisk Open(string path) => disks.Open(Require(path, node));

    public VirtualDiskFacts Look(string path) => disks.Look(Require(path, node));

    public string BasePathOf(string path) => disks.BasePathOf(Require(path, node));

    public IImageChain OpenChain(string path) => images.OpenChain(Require(path, node));

    /// <exception cref="HostException">The path does not mean the same file on every node.</exception>
    internal static string Require(string path, string node) => IsShared(path)
        ? path
        : throw new HostException(
            $"'{path}' is on a volume of {node}'s own: back this machine up by a run on {node}.");
}
