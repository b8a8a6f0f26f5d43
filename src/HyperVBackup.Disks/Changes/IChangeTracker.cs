namespace HyperVBackup.Disks.Changes;

/// <summary>
/// Keeps account of the writes to one disk and answers in pieces, as Hyper-V's change tracking does. Nothing it says is
/// believed as it stands: <see cref="PagedChanges"/> asks it. Not thread-safe.
/// </summary>
public interface IChangeTracker
{
    /// <summary>Which disk it speaks of now, and in which state.</summary>
    /// <exception cref="DiskImageException">It gives no answer.</exception>
    TrackedState Look();

    /// <summary>Asks what changed in a part of the disk.</summary>
    /// <param name="since">The tracking id of the state that the changes start from.</param>
    /// <exception cref="DiskImageException">It gives no answer: the id is not known to it, tracking is off, its files
    /// are damaged, or anything else.</exception>
    ChangePage Ask(string since, long offsetBytes, long lengthBytes);
}
