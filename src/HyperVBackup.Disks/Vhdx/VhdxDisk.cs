namespace HyperVBackup.Disks.Vhdx;

/// <summary>
/// The disk in a VHDX file: dynamic, fixed, or differencing with its parents. A log that was not yet played into the
/// file is, in memory. No file is ever changed, and each stays open to others. Memory is bounded, however large the
/// disk: a MiB or so for each image of a chain, and as much again as a log that needs to be replayed. Thread-safe.
/// </summary>
public sealed class VhdxDisk : IImageChain
{
    private readonly VhdxImage image;
    private readonly VhdxDisk? parent;

    internal VhdxDisk(VhdxImage image, VhdxDisk? parent) => (this.image, this.parent) = (image, parent);

    /// <summary>The first bytes of every VHDX file.</summary>
    public static ReadOnlySpan<byte> Signature => "vhdxfile"u8;

    public string Description => image.File.Path;

    /// <inheritdoc/>
    public string BasePath => parent?.BasePath ?? Description;

    /// <summary>The virtual disk id (page 83), which a child has in common with its parent only where Hyper-V made it
    /// so.</summary>
    public string? Identity => image.Parameters.DiskId.ToString("D");

    public long VirtualSizeBytes => image.Parameters.VirtualSizeBytes;

    public int LogicalSectorSizeBytes => image.Parameters.LogicalSectorSizeBytes;

    public int PhysicalSectorSizeBytes => image.Parameters.PhysicalSectorSizeBytes;

    /// <summary>Size of a block of this image, from 1 to 256 MiB.</summary>
    public long BlockSizeBytes => image.Layout.BlockSizeBytes;

    /// <inheritdoc/>
    public bool HasParent => image.Parameters.HasParent;

    /// <inheritdoc/>
    public IImageChain? Parent => parent;

    /// <inheritdoc/>
    public string ContentMark => DataWriteGuid.ToString("D");

    /// <summary>Whether the file keeps room for all of the disk.</summary>
    public bool IsFixed => image.Parameters.IsFixed;

    /// <summary>Changes with every change of the image's data; children know their parent by it.</summary>
    public Guid DataWriteGuid => image.Header.DataWriteId;

    /// <inheritdoc/>
    public long MetadataBytesRead => image.File.MetadataBytesRead + (parent?.MetadataBytesRead ?? 0);

    /// <summary>Of all images of the chain, with the ids that whoever writes an image gives it.</summary>
    public DiskStamp? Stamp => ChainStamp.Of(
        image.File.Stamp,
        $"{image.Header.SequenceNumber} {image.Header.FileWriteId} {image.Header.DataWriteId}",
        parent);

    /// <summary>Opens an image and, where it is a differencing one, its parents: they are looked for at the paths it
    /// names and beside it.</summary>
    /// <exception cref="DiskImageException">An image is missing, damaged, not its child's parent, or of a kind not
    /// supported.</exception>
    public static VhdxDisk Open(string path) => VhdxChain.Open(path);

    /// <inheritdoc/>
    public void Read(long offsetBytes, Span<byte> buffer)
    {
        DiskBounds.Require(offsetBytes, buffer.Length, VirtualSizeBytes);
        long lastBlock = (offsetBytes + buffer.Length - 1) / BlockSizeBytes;
        while (!buffer.IsEmpty)
        {
            (long block, long within) = Math.DivRem(offsetBytes, BlockSizeBytes);
            int count = (int)Math.Min(buffer.Length, BlockSizeBytes - within);
            ReadInBlock(image.Bat.OfBlock(block, lastBlock), block, within, buffer[..count]);
            buffer = buffer[count..];
            offsetBytes += count;
        }
    }

    /// <inheritdoc/>
    public IEnumerable<ByteRange> AllocatedRanges(ByteRange range)
    {
        DiskBounds.Require(range.StartBytes, range.LengthBytes, VirtualSizeBytes);
        return DiskPieces.Allocated(VhdxAllocation.Pieces(image, range), parent);
    }

    /// <inheritdoc/>
    public IEnumerable<ByteRange> OwnRanges(ByteRange range)
    {
        DiskBounds.Require(range.StartBytes, range.LengthBytes, VirtualSizeBytes);
        return HasParent ? DiskPieces.Own(VhdxAllocation.Pieces(image, range)) : [range];
    }

    public void Dispose()
    {
        image.Dispose();
        parent?.Dispose();
    }

    private void ReadInBlock(BatEntry entry, long block, long within, Span<byte> buffer)
    {
        long blockAt = entry.OffsetMiB * VhdxLimits.MiB;
        switch (entry.State)
        {
            case BlockState.FullyPresent:
                image.File.Read("data", blockAt + within, buffer);
                break;
            case BlockState.PartiallyPresent:
                ReadSectors(block, blockAt, within, buffer);
                break;
            case BlockState.NotPresent:
                ReadFromParent((block * BlockSizeBytes) + within, buffer);
                break;
            default:
                buffer.Clear();
                break;
        }
    }

    private void ReadSectors(long block, long blockAt, long within, Span<byte> buffer)
    {
        SectorBits bits = image.SectorBits(block, within, buffer.Length);
        while (!buffer.IsEmpty)
        {
            int count = (int)(bits.EndOfRun(within, within + buffer.Length) - within);
            if (bits.IsInFile(within))
            {
                image.File.Read("data", blockAt + within, buffer[..count]);
            }
            else
            {
                ReadFromParent((block * BlockSizeBytes) + within, buffer[..count]);
            }
            within += count;
            buffer = buffer[count..];
        }
    }

    /// <summary>A disk that has grown since its child was made is longer than its parent, and zero beyond it.</summary>
    private void ReadFromParent(long offsetBytes, Span<byte> buffer)
    {
        long inParent = Math.Max(0, (parent?.VirtualSizeBytes ?? 0) - offsetBytes);
        int count = (int)Math.Min(buffer.Length, inParent);
        if (count > 0)
        {
            parent?.Read(offsetBytes, buffer[..count]);
        }
        buffer[count..].Clear();
    }
}
