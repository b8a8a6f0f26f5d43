namespace HyperVBackup.Disks;

/// <summary>A disk in an image file that may hold only the differences to another image, its parent, and so on down to
/// the base. Thread-safe.</summary>
public interface IImageChain : IDisk
{
    /// <summary>Whether this image holds only the differences to another.</summary>
    bool HasParent { get; }

    /// <summary>The image that this one holds the differences to; null for a base. This one owns it.</summary>
    IImageChain? Parent { get; }

    /// <summary>Tells what this image holds by itself from what it held before: a VHDX's id of its data, which every
    /// change of the data gives another; of a VHD, which has none, its id, length and time of the last change, which a
    /// program that sets times back may leave the same.</summary>
    string ContentMark { get; }

    /// <summary>The path of the image that a differencing chain is built on; its own for any other.</summary>
    string BasePath { get; }

    /// <summary>
    /// The parts of <paramref name="range"/> whose content this image says by itself, data or zeros, ascending and not
    /// overlapping (neighbours may touch), found without reading data; everything else is as in its parent. Without a
    /// parent that is the whole range. To the sector in a VHD and in a partially present block of a VHDX, else to the
    /// block. Memory stays bounded.
    /// </summary>
    /// <remarks>They prove what has changed since the parent was last written, and nothing more: they are the changes
    /// since a backup exactly if that backup read the parent as it is now, which a VHDX's id of its data shows
    /// and a VHD's id does not, as it stays the same when the data changes.</remarks>
    /// <exception cref="DiskImageException">The image is damaged or cannot be read.</exception>
    IEnumerable<ByteRange> OwnRanges(ByteRange range);
}
