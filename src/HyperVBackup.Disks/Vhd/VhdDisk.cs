using System.Globalization;

namespace HyperVBackup.Disks.Vhd;

/// <summary>
/// The disk in a VHD file: fixed, dynamic, or differencing with its parents. No file is ever changed, and each stays
/// open to others. Memory is bounded, however large the disk: for each image of a chain 8 bytes a block that is looked
/// at, 8 MiB for 2 TiB in blocks of 2 MiB. Thread-safe.
/// </summary>
public sealed class VhdDisk : IImageChain
{
    private readonly VhdImage image;
    private readonly VhdDisk? parent;

    internal VhdDisk(VhdImage image, VhdDisk? parent)
    {
        (this.image, this.parent) = (image, parent);
        ContentMark = string.Create(
            CultureInfo.InvariantCulture,
            $"{image.Footer.Id:D} {image.File.LengthBytes} {image.File.ChangedAt:O}");
    }

    /// <summary>The first bytes of every VHD's footer.</summary>
    public static ReadOnlySpan<byte> Signature => VhdFooter.Signature;

    public string Description => image.File.Path;

    /// <inheritdoc/>
    public string BasePath => parent?.BasePath ?? Description;

    /// <summary>The id of the image that the chain is built on: each image has one of its own, and a new child shall
    /// not make another disk of it.</summary>
    public string? Identity => parent?.Identity ?? Id.ToString("D");

    public long VirtualSizeBytes => (long)image.Footer.VirtualSizeBytes;

    public int LogicalSectorSizeBytes => VhdLimits.SectorSizeBytes;

    public int PhysicalSectorSizeBytes => VhdLimits.SectorSizeBytes;

    /// <inheritdoc/>
    public bool HasParent => image.HasParent;

    /// <inheritdoc/>
    public IImageChain? Parent => parent;

    /// <inheritdoc/>
    public string ContentMark { get; }

    /// <summary>Whether the file holds the disk as it is.</summary>
    public bool IsFixed => image.Blocks is null;

    /// <summary>The image's own id, which children know it by.</summary>
    public Guid Id => image.Footer.Id;

    /// <inheritdoc/>
    public long MetadataBytesRead => image.File.MetadataBytesRead + (parent?.MetadataBytesRead ?? 0);

    /// <summary>Of all images of the chain.</summary>
    public DiskStamp? Stamp => ChainStamp.Of(image.File.Stamp, Id.ToString("D"), parent);

    /// <summary>Opens an image and, where it is a differencing one, its parents: they are looked for at the paths it
    /// names and beside it.</summary>
    /// <exception cref="DiskImageException">An image is missing, damaged, not its child's parent, or of a kind not
    /// supported.</exception>
    public static VhdDisk Open(string path) => VhdChain.Open(path);

    /// <inheritdoc/>
    public void Read(long offsetBytes, Span<byte> buffer)
    {
        DiskBounds.Require(offsetBytes, buffer.Length, VirtualSizeBytes);
        if (image.Blocks is not { } blocks)
        {
            image.File.ReadData(offsetBytes, buffer);
            return;
        }
        long blockSizeBytes = blocks.Layout.BlockSizeBytes;
        long lastBlock = (offsetBytes + buffer.Length - 1) / blockSizeBytes;
        while (!buffer.IsEmpty)
        {
            (long block, long within) = Math.DivRem(offsetBytes, blockSizeBytes);
            int count = (int)Math.Min(buffer.Length, blockSizeBytes - within);
            if (blocks.PlaceOf(block, lastBlock) is { } place)
            {
                ReadSectors(blocks, block, place, within, buffer[..count]);
            }
            else
            {
                ReadFromParent(offsetBytes, buffer[..count]);
            }
            buffer = buffer[count..];
            offsetBytes += count;
        }
    }

    /// <inheritdoc/>
    public IEnumerable<ByteRange> AllocatedRanges(ByteRange range)
    {
        DiskBounds.Require(range.StartBytes, range.LengthBytes, VirtualSizeBytes);
        return image.Blocks is { } blocks
            ? DiskPieces.Allocated(VhdAllocation.Pieces(blocks, HasParent, range), parent)
            : image.File.DataRanges(range);
    }

    /// <inheritdoc/>
    public IEnumerable<ByteRange> OwnRanges(ByteRange range)
    {
        DiskBounds.Require(range.StartBytes, range.LengthBytes, VirtualSizeBytes);
        return image.Blocks is { } blocks && HasParent
            ? DiskPieces.Own(VhdAllocation.Pieces(blocks, HasParent, range))
            : [range];
    }

    public void Dispose()
    {
        image.Dispose();
        parent?.Dispose();
    }

    private void ReadSectors(VhdBlocks blocks, long block, long place, long within, Span<byte> buffer)
    {
        SectorBits bits = blocks.SectorBits(block, place, within, buffer.Length);
        while (!buffer.IsEmpty)
        {
            int count = (int)(bits.EndOfRun(within, within + buffer.Length) - within);
            if (bits.IsInFile(within))
            {
                image.File.ReadData(place + blocks.Layout.BitmapSizeBytes + within, buffer[..count]);
            }
            else
            {
                ReadFromParent((block * blocks.Layout.BlockSizeBytes) + within, buffer[..count]);
            }
            within += count;
            buffer = buffer[count..];
        }
    }

    /// <summary>Zeros without a parent, and beyond the end of one.</summary>
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
