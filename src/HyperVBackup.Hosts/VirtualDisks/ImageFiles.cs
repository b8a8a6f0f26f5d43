using HyperVBackup.Disks;

namespace HyperVBackup.Hosts.VirtualDisks;

/// <summary>Opens images at their paths, as this machine sees them.</summary>
public sealed class ImageFiles : IImageFiles
{
    public IImageChain OpenChain(string path)
    {
        try
        {
            IDisk disk = DiskImage.Open(path);
            if (disk is IImageChain chain)
            {
                return chain;
            }

            disk.Dispose();
            throw new HostException($"'{path}' is neither a VHDX nor a VHD.");
        }
        catch (DiskImageException failure)
        {
            throw new HostException(failure.Message, 0, failure);
        }
    }
}
