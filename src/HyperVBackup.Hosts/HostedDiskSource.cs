using HyperVBackup.Disks.Changes;

namespace HyperVBackup.Hosts;

/// <summary>One disk of a machine, or of a group's. Its first opening, or another disk's, makes the checkpoint of all.
/// </summary>
internal sealed class HostedDiskSource(IHostedDisks disks, int position, string description) : IChangeSource
{
    public string Description => description;

    /// <summary>Known once it was opened.</summary>
    public string? Since { get; private set; }

    public IDiskView Open()
    {
        HostedView view = disks.Open(position);
        Since = view.Since;
        return view;
    }
}
