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

    public VirtualDiskFacts Look() => AskedDisk.FactsOf(path, handle);

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
