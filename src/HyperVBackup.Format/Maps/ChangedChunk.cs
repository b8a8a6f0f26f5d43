namespace HyperVBackup.Format.Maps;

/// <summary>A chunk that is not what it was in the parent.</summary>
/// <param name="ChunkIndex">Its place on the disk's grid.</param>
/// <param name="Id">What it is now; zero where it became zeros.</param>
public readonly record struct ChangedChunk(long ChunkIndex, ChunkId Id);
