using HyperVBackup.Disks.Changes;

namespace HyperVBackup.Qemu;

/// <summary>One disk of a running machine. Its first opening, or another disk's, takes the snapshot of all.</summary>
internal sealed class QemuDiskSource(QemuMachine machine, int position, string description) : IChangeSource
{
    public string Description => description;

    /// <summary>Known once it was opened.</summary>
    public string? Since { get; private set; }

    public IDiskView Open()
    {
        (QemuView view, string? since) = machine.Open(position);
        Since = since;
        return view;
    }
}
