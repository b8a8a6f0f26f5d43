using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;
using HyperVBackup.Disks.Vhdx;
using HyperVBackup.Hosts;
using HyperVBackup.Hosts.VirtualDisks;
using HyperVBackup.SimulatedHost.Images;

namespace HyperVBackup.SimulatedHost;

/// <summary>An image that a process has open through the host: the real file's bytes, and the host's change tracking.
/// </summary>
internal sealed class OpenImage : IVirtualDisk
{
    private readonly SimulatedHyperV host;
    private readonly SimulatedProcess process;
    private readonly SimulatedImage image;
    private readonly IImageChain file;
    private bool isDisposed;

    public OpenImage(SimulatedHyperV host, SimulatedProcess process, SimulatedImage image)
    {
        (this.host, this.process, this.image) = (host, process, image);
        file = (IImageChain)DiskImage.Open(image.Path);
    }

    /// <summary>What the host says of an image, in use or not.</summary>
    public static VirtualDiskFacts FactsOf(SimulatedImage image)
    {
        image.Materialize();
        using IImageChain file = (IImageChain)DiskImage.Open(image.Path);
        return FactsOf(image, file);
    }

    public VirtualDiskFacts Look() => process.Call("look at disk", () => FactsOf(image, file));

    public ChangePage QueryChanges(string trackingId, long offsetBytes, long lengthBytes) =>
        process.Call("query changes", () =>
        {
            if (host.ChangeError != 0)
            {
                throw image.Disk.Fail(host.ChangeError);
            }

            long processedBytes = Math.Min(lengthBytes, host.AnsweredBytesMax);
            long endBytes = offsetBytes + processedBytes;
            List<(ulong OffsetBytes, ulong LengthBytes)> ranges = [.. image.Disk
                .ChangesSince(trackingId, image.FrozenAt ?? image.Disk.Sequence)
                .Select(range => (
                    Start: Math.Max(range.OffsetBytes, offsetBytes), End: Math.Min(range.EndBytes, endBytes)))
                .Where(range => range.Start < range.End)
                .Select(range => ((ulong)range.Start, (ulong)(range.End - range.Start)))];
            return new ChangePage(
                (ulong)processedBytes, ranges.Select(range => range.OffsetBytes).ToArray(),
                ranges.Select(range => range.LengthBytes).ToArray());
        });

    public void ReadAt(long offsetBytes, Span<byte> buffer)
    {
        int sectorBytes = file.LogicalSectorSizeBytes;
        if (offsetBytes % sectorBytes != 0 || buffer.Length % sectorBytes != 0)
        {
            throw new HostException("Only whole sectors are read (0x80070057).", 0x57);
        }

        process.Call("read disk", () => true);
        try
        {
            file.Read(offsetBytes, buffer);
        }
        catch (DiskImageException failure)
        {
            throw new HostException(failure.Message, 0, failure);
        }
    }

    public IEnumerable<ByteRange> AllocatedRanges(ByteRange range) => file.AllocatedRanges(range);

    private static VirtualDiskFacts FactsOf(SimulatedImage image, IImageChain file) => new(
        image.Disk.IsVhd ? image.Disk.Id : Guid.Parse(file.Identity!), file.VirtualSizeBytes,
        file.LogicalSectorSizeBytes, file.PhysicalSectorSizeBytes,
        (file as VhdxDisk)?.BlockSizeBytes ?? VhdFile.BlockBytes, image.Disk.IsTracked,
        image.FrozenId ?? image.Disk.NewestId)
    {
        IsVhd = image.Disk.IsVhd,
    };

    public void Dispose()
    {
        if (!isDisposed)
        {
            isDisposed = true;
            file.Dispose();
            process.Close(image);
        }
    }
}
