using HyperVBackup.Disks;

namespace HyperVBackup.Operations.Tests.Kit;

/// <summary>A disk that has another size once it was read, which no view may have.</summary>
internal sealed class ResizingDisk(IDisk disk, long growthBytes) : IDisk
{
    private bool isRead;

    public string Description => disk.Description;

    public string? Identity => disk.Identity;

    public long VirtualSizeBytes => disk.VirtualSizeBytes + (isRead ? growthBytes : 0);

    public int LogicalSectorSizeBytes => disk.LogicalSectorSizeBytes;

    public int PhysicalSectorSizeBytes => disk.PhysicalSectorSizeBytes;

    public void Read(long offsetBytes, Span<byte> buffer)
    {
        isRead = true;
        buffer.Clear();
        int lengthBytes = (int)Math.Clamp(disk.VirtualSizeBytes - offsetBytes, 0, buffer.Length);
        if (lengthBytes > 0)
        {
            disk.Read(offsetBytes, buffer[..lengthBytes]);
        }
    }

    public IEnumerable<ByteRange> AllocatedRanges(ByteRange range)
    {
        long lengthBytes = Math.Min(range.EndBytes, disk.VirtualSizeBytes) - range.StartBytes;
        return lengthBytes > 0 ? disk.AllocatedRanges(new ByteRange(range.StartBytes, lengthBytes)) : [];
    }

    public void Dispose() => disk.Dispose();
}
