using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;

namespace HyperVBackup.Qemu;

/// <summary>One disk of a machine's snapshot.</summary>
internal sealed class QemuView(
    QemuMachine machine, int position, IDisk disk, DiskChanges changes, string newId) : IDiskView
{
    private bool isSealed;
    private bool isEnded;
    private bool isDisposed;

    public IDisk Disk => disk;

    public DiskChanges Changes => changes;

    public string? Seal()
    {
        machine.RequireIntact(position);
        isSealed = true;
        return newId;
    }

    public void Confirm()
    {
        if (!isSealed || isEnded)
        {
            throw new InvalidOperationException("Only a sealed view that was not ended is confirmed.");
        }

        End(isPublished: true);
    }

    public void Abandon()
    {
        if (!isEnded)
        {
            End(isPublished: false);
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

    private void End(bool isPublished)
    {
        isEnded = true;
        machine.End(position, isPublished);
    }
}
