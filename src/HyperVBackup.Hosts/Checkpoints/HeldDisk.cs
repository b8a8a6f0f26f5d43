namespace HyperVBackup.Hosts.Checkpoints;

/// <summary>A disk as it was when a reference point was made: what must be the same for its changes since then to be
/// believed.</summary>
internal sealed record HeldDisk(string Identity, string TrackingId, long VirtualSizeBytes, int LogicalSectorSizeBytes);
