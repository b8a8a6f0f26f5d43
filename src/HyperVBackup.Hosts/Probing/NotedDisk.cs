namespace HyperVBackup.Hosts.Probing;

/// <summary>What a disk held at a reference point.</summary>
/// <param name="Hashes">As <see cref="BlockHashes.ToBytes"/> writes them.</param>
internal sealed record NotedDisk(string Identity, string TrackingId, byte[] Hashes);
