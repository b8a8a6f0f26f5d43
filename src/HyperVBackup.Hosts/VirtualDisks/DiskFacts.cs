using HyperVBackup.Disks;

namespace HyperVBackup.Hosts.VirtualDisks;

/// <summary>Asks for the facts of a disk, from where they are told.</summary>
internal static class DiskFacts
{
    /// <summary>As the host tells them; the identity of a disk that has none for the host, as a VHD, is the id of the
    /// image that its chain is built on.</summary>
    /// <exception cref="HostException">They cannot be told.</exception>
    public static VirtualDiskFacts Of(HostEnvironment environment, string file, IVirtualDisk disk)
    {
        VirtualDiskFacts facts = disk.Look();
        if (facts.DiskId != Guid.Empty)
        {
            return facts;
        }

        using IImageChain chain = environment.Images.OpenChain(file);
        return Guid.TryParse(chain.Identity, out Guid id)
            ? facts with { DiskId = id }
            : throw new HostException($"'{file}' has no identity.");
    }
}
