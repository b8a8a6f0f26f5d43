namespace HyperVBackup.Disks;

/// <summary>A virtual disk to read, at one moment. Reading is positional and thread-safe.</summary>
public interface IDisk : IDisposable
{
    /// <summary>For messages: the path or address.</summary>
    string Description { get; }

    /// <summary>What stays the same when the disk's file is moved or renamed (a VHDX's virtual disk id, as
    /// lower-case GUID text); null where the format has none.</summary>
    string? Identity { get; }

    /// <summary>Size of the virtual disk in bytes; a multiple of the logical sector size for VHDX, any for raw.
    /// </summary>
    long VirtualSizeBytes { get; }

    int LogicalSectorSizeBytes { get; }

    int PhysicalSectorSizeBytes { get; }

    /// <summary>Bytes read so far that are not the guest's: headers, log, tables and sector bitmaps, of all images of a
    /// chain; 0 where the disk has no such structures.</summary>
    long MetadataBytesRead => 0;

    /// <summary>Names the state that was opened, taken before any byte of it was read; null where a later state of
    /// the disk could not be told from this one.</summary>
    DiskStamp? Stamp => null;

    /// <summary>Fills <paramref name="buffer"/> with the disk's bytes; the range lies inside the disk.</summary>
    /// <exception cref="DiskImageException">The image is damaged or cannot be read.</exception>
    void Read(long offsetBytes, Span<byte> buffer);

    /// <summary>
    /// The parts of <paramref name="range"/> that may hold anything but zeros, ascending, not overlapping, found
    /// without reading data. What lies outside them is certain to read as zeros. Memory stays bounded.
    /// </summary>
    IEnumerable<ByteRange> AllocatedRanges(ByteRange range);
}
