using HyperVBackup.Disks;

namespace HyperVBackup.Hosts.VirtualDisks;

/// <summary>Opens a host's disk images as files, to read from their own tables what each holds. One thread at a time.
/// </summary>
public interface IImageFiles
{
    /// <summary>Opens an image that nothing writes, with its parents. The caller disposes it before the host is to
    /// merge it with others.</summary>
    /// <exception cref="HostException">It cannot be opened, or is no image that may have a parent.</exception>
    IImageChain OpenChain(string path);
}
