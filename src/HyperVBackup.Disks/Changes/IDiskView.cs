namespace HyperVBackup.Disks.Changes;

/// <summary>
/// A point-in-time reading of one disk. The order of a backup is: read <see cref="Disk"/>; make the packs durable;
/// <see cref="Seal"/>; publish the restore point; <see cref="Confirm"/>. <see cref="Abandon"/> takes the place of
/// whatever is left of this on any failure. Disposing ends the reading and closes the disk; it abandons a view that
/// was not confirmed. Reading is thread-safe, the rest is not.
/// </summary>
public interface IDiskView : IDisposable
{
    /// <summary>The disk as of this view; the view owns it.</summary>
    IDisk Disk { get; }

    /// <summary>What changed since the source's <see cref="IChangeSource.Since"/>, or why that is not known.</summary>
    DiskChanges Changes { get; }

    /// <summary>What later views of a disk that is written meanwhile are tied to this one by; null where nothing tells
    /// them from it but <see cref="IDisk.Stamp"/>.</summary>
    ViewStamp? Stamp => null;

    /// <summary>The tracking id of the state read here, for the restore point to record, or null: none is recorded.
    /// It stands for this state alone, for ever. Called once, after the packs are durable.</summary>
    string? Seal();

    /// <summary>The restore point that records the sealed id is published.</summary>
    void Confirm();

    /// <summary>No restore point came of this view. What the source tracked before stays usable, or the source
    /// declares it lost. Abandoning again does nothing.</summary>
    void Abandon();

    /// <summary>As <see cref="Abandon"/>, where it is noted under <see cref="Stamp"/> what was read: what records the
    /// changes since then stays too.</summary>
    void AbandonNoted() => Abandon();
}
