namespace HyperVBackup.Qemu;

/// <summary>One disk of a snapshot.</summary>
/// <param name="Old">The frozen bitmap, or null: changes are lost.</param>
/// <param name="NewBitmap">The name of the one that records from now on.</param>
internal sealed record SnapshotDisk(MachineNode Node, MachineBitmap? Old, string LostReason, string NewBitmap)
{
    /// <summary>The tracking id of the state that the old bitmap begins with.</summary>
    public string? OldId => Old is null ? null : Tracking.IdOf(Old.Name, Node);

    /// <summary>The tracking id of this snapshot's state.</summary>
    public string NewId => Tracking.IdOf(NewBitmap, Node);
}
