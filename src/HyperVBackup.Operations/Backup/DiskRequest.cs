using HyperVBackup.Disks.Changes;

namespace HyperVBackup.Operations.Backup;

/// <summary>One disk to back up: its name in the restore point, and where its bytes and changes come from.</summary>
public sealed record DiskRequest(string Name, IChangeSource Source)
{
    /// <summary>Whether this may be a disk with an identity although the point before had none for it, as a raw disk
    /// has none. Unless somebody says so, it is refused: the guest may have written into its raw disk what makes it
    /// look like an image of another content.</summary>
    public bool MayGainIdentity { get; init; }
}
