namespace HyperVBackup.Hosts.Checkpoints;

/// <summary>A disk as it was when a reference point was made: what must be the same for its changes since then to be
/// believed.</summary>
/// <param name="File">The image that held it: going back to a checkpoint begins another one.</param>
internal sealed record HeldDisk(
    string Identity, string TrackingId, long VirtualSizeBytes, int LogicalSectorSizeBytes, string File)
{
    /// <summary>Of a checkpoint that is kept: what that image holds, once all that was to be merged with it was; null
    /// until then.</summary>
    public string? ContentMark { get; init; }
}
