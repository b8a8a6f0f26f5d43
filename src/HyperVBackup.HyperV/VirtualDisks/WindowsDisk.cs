using System.Runtime.Versioning;
using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;
using HyperVBackup.Hosts;
using HyperVBackup.Hosts.VirtualDisks;
using HyperVBackup.HyperV.Native;

namespace HyperVBackup.HyperV.VirtualDisks;

/// <summary>A disk that is open through virtdisk.dll. It is attached where it is first read, without a disk appearing
/// on the host, and until it is closed.</summary>
[SupportedOSPlatform("windows")]
internal sealed class WindowsDisk : IVirtualDisk
{
    private const int RangeCountMax = 4096;
    private readonly string path;
    private readonly VirtualDiskHandle handle;
    private readonly Lazy<uint> attaching;
    private readonly ImageBlocks blocks;

    public WindowsDisk(string path, VirtualDiskHandle handle)
    {
        (this.path, this.handle) = (path, handle);
        attaching = new Lazy<uint>(() => VirtDisk.Attach(handle));
        blocks = new ImageBlocks(path, Look);
    }

    /// <summary>A disk of which the host does not say whether it is tracked counts as not tracked, and one of which it
    /// says no identity has none for it: so is a VHD.</summary>
    public VirtualDiskFacts Look()
    {
        DiskAnswer size = DiskFailure.Ask(path, handle, DiskQuestion.Size);
        DiskAnswer physical = DiskFailure.Ask(path, handle, DiskQuestion.PhysicalSectorSize);
        DiskAnswer id = new(DiskQuestion.DiskId);
        Guid diskId = VirtDisk.Ask(handle, id) == 0 ? id.Guid(DiskAnswer.DiskIdAt) : Guid.Empty;
        DiskAnswer tracking = new(DiskQuestion.ChangeTracking);
        bool isTracked = VirtDisk.Ask(handle, tracking) == 0 && tracking.Int32(DiskAnswer.IsTrackedAt) != 0;
        return new VirtualDiskFacts(
            diskId, size.Int64(DiskAnswer.VirtualSizeAt), size.Int32(DiskAnswer.SectorSizeAt),
            physical.Int32(DiskAnswer.PhysicalSectorSizeAt), size.Int32(DiskAnswer.BlockSizeAt),
            isTracked, isTracked ? tracking.Text(DiskAnswer.MostRecentIdAt) : null);
    }

    public ChangePage QueryChanges(string trackingId, long offsetBytes, long lengthBytes)
    {
        ChangeRange[] ranges = new ChangeRange[RangeCountMax];
        uint code = VirtDisk.QueryChanges(
            handle, trackingId, offsetBytes, lengthBytes, ranges, out uint count, out ulong processedBytes);
        if (code != 0)
        {
            throw DiskFailure.Of(path, "asked for its changes", code);
        }

        if (count > RangeCountMax)
        {
            throw new HostException(
                $"The host tells {count} changed ranges of the disk '{path}', for which there was no room.");
        }

        IEnumerable<ChangeRange> told = ranges.Take((int)count);
        return new ChangePage(
            processedBytes, told.Select(range => range.OffsetBytes).ToArray(),
            told.Select(range => range.LengthBytes).ToArray());
    }

    public void ReadAt(long offsetBytes, Span<byte> buffer)
    {
        if (attaching.Value != 0)
        {
            throw DiskFailure.Of(path, "attached", attaching.Value);
        }

        while (!buffer.IsEmpty)
        {
            uint code = Kernel32.Read(handle, offsetBytes, buffer, out int count);
            if (code != 0)
            {
                throw DiskFailure.Of(path, "read", code);
            }

            if (count == 0)
            {
                throw DiskFailure.Of(path, "read", Kernel32.EndOfFile);
            }

            buffer = buffer[count..];
            offsetBytes += count;
        }
    }

    public IEnumerable<ByteRange> AllocatedRanges(ByteRange range) => blocks.AllocatedIn(range);

    public void Dispose()
    {
        blocks.Dispose();
        handle.Dispose();
    }
}
