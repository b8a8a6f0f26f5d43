namespace HyperVBackup.Disks.Raw;

/// <summary>A disk whose file holds its bytes and nothing else: a raw image of any size, or a block device.
/// Thread-safe.</summary>
public sealed class RawDisk : IDisk
{
    private const int SectorSizeBytes = 512;

    private readonly ImageFile file;

    private RawDisk(ImageFile file) => this.file = file;

    public string Description => file.Path;

    /// <summary>Null: a raw image has none.</summary>
    public string? Identity => null;

    /// <summary>The file's length when it was opened.</summary>
    public long VirtualSizeBytes => file.LengthBytes;

    public int LogicalSectorSizeBytes => SectorSizeBytes;

    public int PhysicalSectorSizeBytes => SectorSizeBytes;

    /// <inheritdoc/>
    public DiskStamp? Stamp => file.Stamp;

    /// <summary>Opens <paramref name="path"/> as raw, whatever it holds; <see cref="DiskImage.Open"/> looks at it.
    /// </summary>
    /// <exception cref="DiskImageException">The file is missing or cannot be opened.</exception>
    public static RawDisk Open(string path) => new(ImageFile.Open(path));

    /// <inheritdoc/>
    public void Read(long offsetBytes, Span<byte> buffer)
    {
        DiskBounds.Require(offsetBytes, buffer.Length, VirtualSizeBytes);
        file.Read("data", offsetBytes, buffer);
    }

    /// <inheritdoc/>
    public IEnumerable<ByteRange> AllocatedRanges(ByteRange range)
    {
        DiskBounds.Require(range.StartBytes, range.LengthBytes, VirtualSizeBytes);
        return file.DataRanges(range);
    }

    public void Dispose() => file.Dispose();
}
