namespace HyperVBackup.Disks.Changes;

/// <summary>An image whose changes a ranges file lists.</summary>
/// <param name="description">For messages: the ranges file's path.</param>
/// <param name="file">What the ranges file says.</param>
/// <param name="openDisk">Opens the image; the view disposes it.</param>
public sealed class RangesFileSource(string description, RangesFile file, Func<IDisk> openDisk) : IChangeSource
{
    public string Description => description;

    public string? Since => file.Since;

    /// <summary>Reads the ranges file at <paramref name="path"/> to its end, now, for the VHDX or raw image at
    /// <paramref name="imagePath"/>.</summary>
    /// <exception cref="DiskImageException">There is no such ranges file, or it may not be opened.</exception>
    public static RangesFileSource Load(string path, string imagePath) =>
        Load(path, () => DiskImage.Open(imagePath));

    /// <summary>Reads the ranges file at <paramref name="path"/> to its end, now. One that is malformed is no error:
    /// the changes are then <see cref="DiskChanges.Lost"/>.</summary>
    /// <exception cref="DiskImageException">There is no such file, or it may not be opened.</exception>
    public static RangesFileSource Load(string path, Func<IDisk> openDisk)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(openDisk);
        using FileStream json = OpenFile(path);
        return new RangesFileSource(path, RangesFile.Read(json), openDisk);
    }

    public IDiskView Open()
    {
        IDisk disk = openDisk();
        return new ImageView(disk, ChangesWithin(disk.VirtualSizeBytes), file.Id);
    }

    private static FileStream OpenFile(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new DiskImageException(
                $"There is no ranges file '{path}'; name one that exists, or '-' for none.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DiskImageException($"The ranges file '{path}' cannot be opened: {e.Message}", e);
        }
    }

    private DiskChanges ChangesWithin(long virtualSizeBytes) =>
        file.Changes is DiskChanges.Known && file.ReachBytes > virtualSizeBytes
            ? new DiskChanges.Lost(
                $"the ranges file is not usable: it reaches byte {file.ReachBytes} of a disk of {virtualSizeBytes}")
            : file.Changes;
}
