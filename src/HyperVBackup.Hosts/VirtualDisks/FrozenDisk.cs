using HyperVBackup.Disks;

namespace HyperVBackup.Hosts.VirtualDisks;

/// <summary>A disk as a checkpoint holds it. It can be told by its size and identity also after it was closed, which
/// happens before the checkpoint goes.</summary>
internal sealed class FrozenDisk(string path, IVirtualDisk disk, VirtualDiskFacts facts) : IDisk
{
    private IVirtualDisk disk = disk;
    private bool isClosed;

    public string Description => path;

    public string? Identity => facts.Identity;

    public long VirtualSizeBytes => facts.VirtualSizeBytes;

    public int LogicalSectorSizeBytes => facts.LogicalSectorSizeBytes;

    public int PhysicalSectorSizeBytes => facts.PhysicalSectorSizeBytes;

    public VirtualDiskFacts Facts => facts;

    public IVirtualDisk OnHost => disk;

    /// <summary>From now on it is read from a copy, which it closes then.</summary>
    public void MoveTo(IVirtualDisk copy)
    {
        Dispose();
        (disk, isClosed) = (copy, false);
    }

    /// <summary>Reads any range: the host takes whole sectors only.</summary>
    public void Read(long offsetBytes, Span<byte> buffer)
    {
        try
        {
            int sector = facts.LogicalSectorSizeBytes;
            long startBytes = offsetBytes / sector * sector;
            long endBytes = (offsetBytes + buffer.Length + sector - 1) / sector * sector;
            if (startBytes == offsetBytes && endBytes == offsetBytes + buffer.Length)
            {
                disk.ReadAt(offsetBytes, buffer);
                return;
            }

            byte[] sectors = new byte[endBytes - startBytes];
            disk.ReadAt(startBytes, sectors);
            sectors.AsSpan((int)(offsetBytes - startBytes), buffer.Length).CopyTo(buffer);
        }
        catch (HostException failure)
        {
            throw new DiskImageException(failure.Message, failure);
        }
    }

    public IEnumerable<ByteRange> AllocatedRanges(ByteRange range) => disk.AllocatedRanges(range);

    public void Dispose()
    {
        if (!isClosed)
        {
            isClosed = true;
            disk.Dispose();
        }
    }
}
