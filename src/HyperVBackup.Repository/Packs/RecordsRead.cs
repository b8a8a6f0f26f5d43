namespace HyperVBackup.Repository.Packs;

/// <summary>What reading chunks took. A search for another copy of what was damaged is not counted.</summary>
/// <param name="ChunkCount">Chunks read.</param>
/// <param name="RecordCount">Whole records read and decoded: a chunk's own, and those its recipe takes pages from.
/// </param>
/// <param name="RecipeCount">Delta records read; they hold no data.</param>
public readonly record struct RecordsRead(long ChunkCount, long RecordCount, long RecipeCount)
{
    /// <summary>What was read after <paramref name="before"/>.</summary>
    public RecordsRead Since(RecordsRead before) => new(
        ChunkCount - before.ChunkCount, RecordCount - before.RecordCount, RecipeCount - before.RecipeCount);
}
