using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.Disks.Raw;

/// <summary>Writes a raw image into an empty file. Not thread-safe.</summary>
public sealed class RawWriter : IDiskWriter
{
    private readonly SafeFileHandle file;
    private readonly long virtualSizeBytes;
    private bool isComplete;

    /// <param name="file">An empty file opened for writing; stays the caller's.</param>
    /// <param name="virtualSizeBytes">Size of the disk, and so of the file.</param>
    /// <exception cref="ArgumentException">The file is not empty.</exception>
    /// <exception cref="IOException">The file system is full or failed.</exception>
    public RawWriter(SafeFileHandle file, long virtualSizeBytes)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentOutOfRangeException.ThrowIfNegative(virtualSizeBytes);
        if (RandomAccess.GetLength(file) != 0)
        {
            throw new ArgumentException("The file is not empty.", nameof(file));
        }
        this.file = file;
        this.virtualSizeBytes = virtualSizeBytes;
    }

    /// <inheritdoc/>
    public void Write(long offsetBytes, ReadOnlySpan<byte> data)
    {
        RequireIncomplete();
        DiskBounds.Require(offsetBytes, data.Length, virtualSizeBytes);
        RandomAccess.Write(file, data, offsetBytes);
    }

    /// <inheritdoc/>
    public void Complete()
    {
        RequireIncomplete();
        RandomAccess.SetLength(file, virtualSizeBytes);
        isComplete = true;
    }

    public void Dispose()
    {
    }

    private void RequireIncomplete()
    {
        if (isComplete)
        {
            throw new InvalidOperationException("The image was completed.");
        }
    }
}
