namespace HyperVBackup.Simulation.Trackers;

/// <summary>What a restore point holds of one disk, and what it may rightly hold wrongly.</summary>
/// <param name="Bytes">As they were read back.</param>
/// <param name="Stale">Chunks that differ from what the disk was, because a tracker left them out and nobody has looked
/// since.</param>
internal sealed record KnownDisk(byte[] Bytes, IReadOnlySet<long> Stale);
