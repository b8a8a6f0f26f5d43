namespace HyperVBackup.Disks.Changes;

/// <summary>Says which parts of one disk changed since a state it names, and gives the disk to read. Not
/// thread-safe; opened once for each try of a backup, again when the view before was
/// abandoned and disposed.</summary>
public interface IChangeSource
{
    /// <summary>For messages: what the changes come from.</summary>
    string Description { get; }

    /// <summary>The tracking id of the state that the changes start from. Null when the source knows none: its
    /// changes then follow no restore point, and a backup with a parent compares by checksum.</summary>
    string? Since { get; }

    /// <summary>Opens a point-in-time reading of the disk, which the caller disposes.</summary>
    /// <exception cref="DiskImageException">The disk cannot be opened.</exception>
    IDiskView Open();
}
