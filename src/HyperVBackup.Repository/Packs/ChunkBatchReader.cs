using System.Collections.Concurrent;
using HyperVBackup.Repository.Maps;

namespace HyperVBackup.Repository.Packs;

/// <summary>
/// Reads many chunks at once: first the records that lie where the map says, close ones together; then, for those that
/// are recipes, the records they name, each once, as far as they are not kept from before. Every chunk is hashed; one
/// that cannot be had this way is looked for elsewhere. Thread-safe; the threads share what is kept.
/// </summary>
/// <param name="ahead">Finds much of what is elsewhere at once; null where one by one will do.</param>
internal sealed class ChunkBatchReader(
    RecordFinder finder, ChunkReader chunkReader, DataRecordCache cache, AheadCopies? ahead = null)
{
    private readonly ConcurrentBag<ChunkBatch> idle = [];
    private long chunkCount;
    private long recordCount;
    private long recipeCount;

    public RecordsRead Read => new(
        Interlocked.Read(ref chunkCount), Interlocked.Read(ref recordCount), Interlocked.Read(ref recipeCount));

    /// <param name="chunks">None of them zero.</param>
    /// <param name="bytes">Takes the chunks, one after another.</param>
    /// <exception cref="RepositoryDamagedException">A chunk has no complete copy left.</exception>
    public async ValueTask ReadAsync(ReadOnlyMemory<MapChunk> chunks, Memory<byte> bytes, CancellationToken token)
    {
        if (chunks.IsEmpty)
        {
            return;
        }

        int chunkSizeBytes = bytes.Length / chunks.Length;
        ChunkBatch batch = idle.TryTake(out ChunkBatch? known) ? known : new ChunkBatch(
            finder, chunkReader, cache, ahead);
        try
        {
            await batch.ReadAsync(chunks, bytes, chunkSizeBytes, token);
            Interlocked.Add(ref chunkCount, chunks.Length);
            Interlocked.Add(ref recordCount, batch.RecordCount);
            Interlocked.Add(ref recipeCount, batch.RecipeCount);
        }
        finally
        {
            batch.Clear();
            idle.Add(batch);
        }
    }
}
