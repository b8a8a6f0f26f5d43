using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;

namespace HyperVBackup.Qemu;

/// <summary>One disk of a machine's snapshot.</summary>
internal sealed class QemuView(
    QemuMachine machine, int position, IDisk disk, DiskChanges changes, SnapshotDisk snapshot) : IDiskView
{
    private bool isSealed;
    private bool isEnded;
    private bool isDisposed;

    public IDisk Disk => disk;

    public DiskChanges Changes => changes;

    /// <summary>The bitmap that records from the earliest moment on: it is the one that stays if no point comes of this
    /// view.</summary>
    public ViewStamp Stamp { get; } = new(
        $"since {snapshot.OldId ?? snapshot.NewId}",
        changes is DiskChanges.Known known ? known.Ranges
        : snapshot.Old is null ? ChangedRanges.Empty
        : ChangedRanges.Build([(0, disk.VirtualSizeBytes)]));

    public string? Seal()
    {
        machine.RequireIntact(position);
        isSealed = true;
        return snapshot.NewId;
    }

    public void Confirm()
    {
        if (!isSealed || isEnded)
        {
            throw new InvalidOperationException("Only a sealed view that was not ended is confirmed.");
        }

        End(ViewEnd.Published);
    }

    public void Abandon()
    {
        if (!isEnded)
        {
            End(ViewEnd.Abandoned);
        }
    }

    public void AbandonNoted()
    {
        if (!isEnded)
        {
            End(ViewEnd.Noted);
        }
    }

    public void Dispose()
    {
        if (isDisposed)
        {
            return;
        }

        isDisposed = true;
        Abandon();
        disk.Dispose();
        machine.Release(position);
    }

    private void End(ViewEnd end)
    {
        isEnded = true;
        machine.End(position, end);
    }
}
