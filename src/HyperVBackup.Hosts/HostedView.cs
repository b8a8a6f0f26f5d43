using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;
using HyperVBackup.Hosts.Checkpoints;

namespace HyperVBackup.Hosts;

/// <summary>One disk of a machine's checkpoint. Sealing any closes all, as the host cannot convert a checkpoint that is
/// being read.</summary>
internal sealed class HostedView(HostedMachine machine, int position, SnapshotDisk disk) : IDiskView
{
    private bool isDisposed;

    public IDisk Disk => disk.Disk;

    public DiskChanges Changes => disk.Changes;

    public string? Since => disk.Since;

    public string? Seal() => machine.Seal(position);

    public void Confirm() => machine.Confirm();

    public void Abandon() => machine.Abandon();

    public void Dispose()
    {
        if (!isDisposed)
        {
            isDisposed = true;
            Abandon();
            machine.Release(position);
        }
    }
}
