using HyperVBackup.Disks;
using HyperVBackup.Hosts.VirtualDisks;

namespace HyperVBackup.HyperV.VirtualDisks;

/// <summary>Which blocks of a disk hold anything, by the tables of its image, which Windows does not tell. For images
/// that stay as they are. Where they cannot be read here, or are not of the disk the host tells of, all may.</summary>
/// <param name="look">Asks the host.</param>
internal sealed class ImageBlocks(string path, Func<VirtualDiskFacts> look) : IDisposable
{
    private IDisk? image;
    private bool isTried;

    /// <inheritdoc cref="IDisk.AllocatedRanges"/>
    public IEnumerable<ByteRange> AllocatedIn(ByteRange range)
    {
        if (!isTried)
        {
            isTried = true;
            image = TryOpen();
        }

        return image is null ? [range] : image.AllocatedRanges(range);
    }

    public void Dispose() => image?.Dispose();

    private IDisk? TryOpen()
    {
        VirtualDiskFacts facts = look();
        IDisk? opened = null;
        try
        {
            opened = DiskImage.Open(path);
            if (opened.Identity == facts.Identity && opened.VirtualSizeBytes == facts.VirtualSizeBytes)
            {
                return opened;
            }
        }
        catch (DiskImageException)
        {
            // Then the host alone knows.
        }

        opened?.Dispose();
        return null;
    }
}
