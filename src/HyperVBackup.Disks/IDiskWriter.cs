namespace HyperVBackup.Disks;

/// <summary>
/// Writes one disk image from nothing. Pieces come in any order and do not overlap; what is never written reads as
/// zeros and takes no space where the file system knows holes. The file's handle belongs to the caller, who flushes it
/// to disk and gives it its name. One thread at a time.
/// </summary>
public interface IDiskWriter : IDisposable
{
    /// <summary>Writes <paramref name="data"/> at <paramref name="offsetBytes"/> of the virtual disk.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range does not lie inside the disk.</exception>
    /// <exception cref="InvalidOperationException">The image was completed.</exception>
    /// <exception cref="IOException">The file system is full or failed.</exception>
    void Write(long offsetBytes, ReadOnlySpan<byte> data);

    /// <summary>Writes what makes the file an image, last of all; without it the file does not open as one.</summary>
    /// <exception cref="InvalidOperationException">The image was completed.</exception>
    /// <exception cref="IOException">The file system is full or failed.</exception>
    void Complete();
}
