using System.Runtime.ExceptionServices;
using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;
using HyperVBackup.Format.Limits;

namespace HyperVBackup.Operations.Backup;

/// <summary>The views of one backup. Each is confirmed or abandoned, and closed, whatever becomes of the others.
/// </summary>
internal sealed class OpenViews
{
    private readonly List<IDiskView> views = [];
    private readonly List<long> sizesBytes = [];
    private bool isPublished;

    public IDiskView this[int position] => views[position];

    /// <exception cref="DiskImageException">The disk cannot be opened, is none, or is too large.</exception>
    public void Open(IChangeSource source)
    {
        IDiskView view = source.Open();
        views.Add(view);
        sizesBytes.Add(view.Disk.VirtualSizeBytes);
        if (view.Disk.VirtualSizeBytes == 0)
        {
            throw new DiskImageException($"'{view.Disk.Description}' is empty: there is no disk in it to back up.");
        }

        if (view.Disk.VirtualSizeBytes > FormatLimits.VirtualSizeMaxBytes)
        {
            throw new DiskImageException(
                $"'{view.Disk.Description}' has {view.Disk.VirtualSizeBytes} bytes, and a disk in a repository at most "
                + $"{FormatLimits.VirtualSizeMaxBytes} (64 TiB).");
        }
    }

    /// <summary>A view is of one moment: what was read of one that is not makes no restore point.</summary>
    /// <exception cref="DiskImageException">A disk has not the size with which it was opened.</exception>
    public void RequireSameSizes()
    {
        for (int position = 0; position < views.Count; position++)
        {
            IDisk disk = views[position].Disk;
            if (disk.VirtualSizeBytes != sizesBytes[position])
            {
                throw new DiskImageException(
                    $"'{disk.Description}' grew or shrank from {sizesBytes[position]} to {disk.VirtualSizeBytes} bytes "
                    + "while it was read.");
            }
        }
    }

    /// <summary>Whether another of the disks has the same identity.</summary>
    public bool IsIdentityShared(int position) =>
        views[position].Disk.Identity is string identity && views.Count(view => view.Disk.Identity == identity) > 1;

    /// <summary>The restore point is published: confirms all. The first failure is thrown once all were told.</summary>
    public void Confirm()
    {
        isPublished = true;
        Exception? first = null;
        foreach (IDiskView view in views)
        {
            first = Keep(first, Try(view.Confirm));
        }

        if (first is not null)
        {
            ExceptionDispatchInfo.Throw(first);
        }
    }

    /// <summary>Closes all, and abandons them first unless the point is published.</summary>
    /// <param name="isNoted">Whether it is noted what was read of the disk at a position.</param>
    /// <returns>A failure, once all are closed.</returns>
    public Exception? End(Func<int, bool> isNoted)
    {
        Exception? first = null;
        for (int position = 0; position < views.Count; position++)
        {
            IDiskView view = views[position];
            first = Keep(first, isPublished ? null : Try(isNoted(position) ? view.AbandonNoted : view.Abandon));
            first = Keep(first, Try(view.Dispose));
        }

        return first;
    }

    private static Exception? Keep(Exception? first, Exception? next) => first ?? next;

    private static Exception? Try(Action step)
    {
        try
        {
            step();
            return null;
        }
        catch (Exception failure)
        {
            return failure;
        }
    }
}
