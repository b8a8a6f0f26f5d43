namespace HyperVBackup.Repository.Index;

/// <summary>How far the making of an index is.</summary>
/// <param name="PacksDone">Packs whose tables were read.</param>
/// <param name="PackCount">Packs there are.</param>
/// <param name="ChunkCount">Records found in them.</param>
public readonly record struct IndexProgress(long PacksDone, long PackCount, long ChunkCount);
