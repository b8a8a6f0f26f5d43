using System.Threading.Channels;
using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Repository.Maps;
using HyperVBackup.Repository.Sessions;

namespace HyperVBackup.Operations.Restore;

/// <summary>
/// Feeds the non-zero chunks of a disk, or of parts of it, checked and in disk order, to whoever takes them: walk the
/// map → fetch and check (side by side) → take. Several batches are fetched ahead. Used once.
/// </summary>
/// <param name="ranges">Which chunks, ascending.</param>
internal sealed class MapChunkFeed(
    ReadingSession session, DiskPoint disk, IReadOnlyList<ChunkRange> ranges, EngineOptions options)
{
    /// <summary>Read together.</summary>
    public const int BatchBytes = 1 << 20;

    /// <summary>Feeds the whole disk.</summary>
    public MapChunkFeed(ReadingSession session, DiskPoint disk, EngineOptions options)
        : this(session, disk, [new ChunkRange(0, disk.Map().ChunkCount)], options)
    {
    }

    /// <param name="take">Given each batch in turn; it is reused afterwards.</param>
    /// <exception cref="Repository.RepositoryDamagedException">A chunk or node has no good copy left.</exception>
    public async Task RunAsync(Func<RestoreBatch, CancellationToken, ValueTask> take, CancellationToken token)
    {
        session.Expect(disk.Map(), ranges);
        int perBatch = Math.Max(1, BatchBytes / disk.ChunkSizeBytes);
        int batchCount = (int)Math.Clamp(options.InFlightBytes / ((long)perBatch * disk.ChunkSizeBytes), 4, 64);
        Channel<RestoreBatch> free = Channel.CreateBounded<RestoreBatch>(batchCount);
        for (int made = 0; made < batchCount; made++)
        {
            free.Writer.TryWrite(new RestoreBatch(disk.ChunkSizeBytes, perBatch));
        }

        Channel<RestoreBatch> walked = Pipeline.NewChannel<RestoreBatch>(2);
        Channel<Task<RestoreBatch>> fetched = Pipeline.NewChannel<Task<RestoreBatch>>(options.WorkerCount + 1);
        await Pipeline.RunAsync(
            token,
            ending => WalkAsync(free.Reader, walked.Writer, ending),
            ending => Pipeline.OrderedAsync(
                walked.Reader, fetched.Writer,
                batch => session.ReadChunksAsync(batch.FilledChunks, batch.FilledBytes, ending), ending),
            ending => TakeAsync(fetched.Reader, free.Writer, take, ending));
    }

    private async Task WalkAsync(
        ChannelReader<RestoreBatch> free, ChannelWriter<RestoreBatch> output, CancellationToken token)
    {
        DiskMapReader reader = new(disk.Map(), session.Nodes);
        RestoreBatch? batch = null;
        foreach (ChunkRange range in ranges)
        {
            DiskMapCursor cursor = new(reader, range.StartChunk, range.EndChunk);
            while (await cursor.MoveNextAsync(token))
            {
                if (batch is null)
                {
                    batch = await free.ReadAsync(token);
                    batch.Clear();
                }

                batch.Add(cursor.ChunkIndex, cursor.Chunk);
                if (batch.IsFull)
                {
                    await output.WriteAsync(batch, token);
                    batch = null;
                }
            }
        }

        if (batch is not null)
        {
            await output.WriteAsync(batch, token);
        }

        output.Complete();
    }

    private static async Task TakeAsync(
        ChannelReader<Task<RestoreBatch>> input, ChannelWriter<RestoreBatch> free,
        Func<RestoreBatch, CancellationToken, ValueTask> take, CancellationToken token)
    {
        await foreach (Task<RestoreBatch> task in input.ReadAllAsync(token))
        {
            RestoreBatch batch = await task;
            await take(batch, token);
            await free.WriteAsync(batch, token);
        }
    }
}
