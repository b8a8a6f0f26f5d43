using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.Disks;

/// <summary>An image's file, opened to be read while others may write, rename or delete it. Reads are positional and
/// thread-safe; nothing here ever writes.</summary>
internal sealed class ImageFile : IDisposable
{
    private readonly SafeFileHandle handle;

    private ImageFile(string path, SafeFileHandle handle)
    {
        this.handle = handle;
        Path = path;
        Stamp = FileState.TryRead(handle);
        ChangedAt = File.GetLastWriteTimeUtc(handle);
        LengthBytes = FileHoles.LengthBytes(handle);
        IsBlockDevice = FileState.IsBlockDevice(handle);
    }

    public string Path { get; }

    /// <summary>When the file's data was last changed, as its file system says it when it was opened.</summary>
    public DateTime ChangedAt { get; }

    /// <summary>The file's length when it was opened.</summary>
    public long LengthBytes { get; }

    /// <summary>Whether it is a disk of the system rather than a file; as far as Linux says.</summary>
    public bool IsBlockDevice { get; }

    /// <summary>The file's state when it was opened, before anything of it was read; null where that is not known.
    /// </summary>
    public DiskStamp? Stamp { get; }

    /// <exception cref="DiskImageException">The file is missing or cannot be opened.</exception>
    public static ImageFile Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        SafeFileHandle? handle = null;
        try
        {
            handle = File.OpenHandle(
                path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.RandomAccess);
            return new ImageFile(path, handle);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            handle?.Dispose();
            throw new DiskImageException($"The disk image '{path}' cannot be opened: {OneClause(e)}.", e);
        }
    }

    /// <summary>Fills <paramref name="buffer"/> from the file.</summary>
    /// <exception cref="DiskImageException">The file ends before the range does, or cannot be read.</exception>
    public void Read(string structure, long offsetBytes, Span<byte> buffer)
    {
        long at = offsetBytes;
        while (!buffer.IsEmpty)
        {
            int count = ReadSome(structure, at, buffer);
            if (count == 0)
            {
                throw Damage(structure, offsetBytes, $"is cut off: the file ends at {at}");
            }
            buffer = buffer[count..];
            at += count;
        }
    }

    /// <summary>The parts of <paramref name="range"/> the file system keeps data for; the rest are holes, which read as
    /// zeros. Where holes cannot be asked for, the whole range.</summary>
    public IEnumerable<ByteRange> DataRanges(ByteRange range)
    {
        long at = range.StartBytes;
        while (at < range.EndBytes)
        {
            long start = FileHoles.NextData(handle, at);
            if (start >= range.EndBytes)
            {
                RequireStillThere(range);
                yield break;
            }
            long end = Math.Min(FileHoles.NextHole(handle, start), range.EndBytes);
            yield return new ByteRange(start, end - start);
            at = end;
        }
    }

    /// <summary>The part of the file from an offset on that the file system keeps nothing for, which reads as zeros;
    /// null where it keeps something there, or cannot say.</summary>
    public ByteRange? HoleAt(long offsetBytes)
    {
        long end = Math.Min(FileHoles.NextData(handle, offsetBytes), LengthBytes);
        return end > offsetBytes ? new ByteRange(offsetBytes, end - offsetBytes) : null;
    }

    /// <summary>The one sentence every refusal of this file is made of.</summary>
    public DiskImageException Damage(string structure, long offsetBytes, string what) =>
        new($"The {structure} at offset {offsetBytes} of '{Path}' {what}.");

    public void Dispose() => handle.Dispose();

    private int ReadSome(string structure, long offsetBytes, Span<byte> buffer)
    {
        try
        {
            return RandomAccess.Read(handle, buffer, offsetBytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DiskImageException(
                $"The {structure} at offset {offsetBytes} of '{Path}' cannot be read: {OneClause(e)}.", e);
        }
    }

    /// <summary>A file cut short since it was opened has no data there either, but that is no hole.</summary>
    private void RequireStillThere(ByteRange range)
    {
        long lengthNowBytes = FileHoles.LengthBytes(handle);
        if (lengthNowBytes < range.EndBytes)
        {
            throw Damage("data", range.StartBytes, $"is cut off: the file ends at {lengthNowBytes}");
        }
    }

    private static string OneClause(Exception e) => e.Message.TrimEnd('.', ' ');
}
