using HyperVBackup.Format;

namespace HyperVBackup.Repository.Maintenance.Repair;

/// <summary>A chunk of which no good copy is left.</summary>
/// <param name="Places">Where restore points hold it.</param>
public sealed record WantedChunk(ChunkId Id, IReadOnlyList<WantedPlace> Places);
