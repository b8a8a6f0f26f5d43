using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;
using HyperVBackup.Hosts.Checkpoints;

namespace HyperVBackup.Hosts;

/// <summary>One disk of a checkpoint. Sealing any closes all, as the host cannot convert a checkpoint that is
/// being read.</summary>
internal sealed class HostedView(IHostedDisks disks, int position, SnapshotDisk disk) : IDiskView
{
    private bool isDisposed;

    public IDisk Disk => disk.Disk;

    public DiskChanges Changes => disk.Changes;

    public string? Since => disk.Since;

    public string? Seal() => disks.Seal(position);

    public void Confirm() => disks.Confirm();

    public void Abandon() => disks.Abandon();

    public void Dispose()
    {
        if (!isDisposed)
        {
            isDisposed = true;
            Abandon();
            disks.Release(position);
        }
    }
}
