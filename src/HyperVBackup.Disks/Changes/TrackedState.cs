namespace HyperVBackup.Disks.Changes;

/// <summary>Which disk a tracker speaks of, and in which state.</summary>
/// <param name="Identity">The disk's identity, as <see cref="IDisk.Identity"/> has it.</param>
/// <param name="VirtualSizeBytes">The disk's size.</param>
/// <param name="Id">The tracker's own name for the state it is in, another one whenever tracking begins anew; null
/// where it does not say, and then it is not believed.</param>
public sealed record TrackedState(string? Identity, long VirtualSizeBytes, string? Id);
