namespace HyperVBackup.Hosts.VirtualDisks;

/// <summary>Opens the virtual disks of a host through the host itself. One thread at a time.</summary>
public interface IVirtualDiskHost
{
    /// <summary>Opens a disk with all its parents, to be read and asked, never written.</summary>
    /// <exception cref="HostException">It cannot be opened, as one that a running machine writes cannot.</exception>
    IVirtualDisk Open(string path);

    /// <summary>Asks for the facts of a disk that is not read, and that a running machine may have in use: then nothing
    /// but facts is given of it, and its file cannot be opened.</summary>
    /// <exception cref="HostException">The host does not say.</exception>
    VirtualDiskFacts Look(string path);

    /// <summary>The path of the image that a disk's chain of parents is built on; its own where it has none.</summary>
    /// <exception cref="HostException">It cannot be opened.</exception>
    string BasePathOf(string path);
}
