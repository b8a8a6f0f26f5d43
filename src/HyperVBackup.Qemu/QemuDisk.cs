using HyperVBackup.Disks;
using HyperVBackup.Qemu.Nbd;

namespace HyperVBackup.Qemu;

/// <summary>A disk of a running machine as it was when the view was taken, read over NBD. Thread-safe.</summary>
/// <param name="trustsZeros">Whether what the server calls zeros need not be read.</param>
internal sealed class QemuDisk(string description, NbdExport export, bool trustsZeros) : IDisk
{
    private const int SectorSizeBytes = 512;

    public string Description => description;

    /// <summary>Null: a block node has no identity that outlives its process.</summary>
    public string? Identity => null;

    public long VirtualSizeBytes => export.SizeBytes;

    public int LogicalSectorSizeBytes => SectorSizeBytes;

    public int PhysicalSectorSizeBytes => SectorSizeBytes;

    public void Read(long offsetBytes, Span<byte> buffer)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offsetBytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offsetBytes, VirtualSizeBytes - buffer.Length);
        export.Read(offsetBytes, buffer);
    }

    public IEnumerable<ByteRange> AllocatedRanges(ByteRange range)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(range.EndBytes, VirtualSizeBytes);
        return trustsZeros ? export.NotZero(range) : [range];
    }

    public void Dispose() => export.Dispose();
}
