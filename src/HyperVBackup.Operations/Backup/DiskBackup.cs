using System.Threading.Channels;
using HyperVBackup.Disks;
using HyperVBackup.Format;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Packs;
using HyperVBackup.Operations.Backup.Resume;
using HyperVBackup.Repository.Maps;
using HyperVBackup.Repository.Sessions;

namespace HyperVBackup.Operations.Backup;

/// <summary>
/// Takes runs of one disk's chunks into the repository: read → hash (side by side) → classify → encode (side by
/// side) → store, in disk order. Used once. Memory: as many batches as there are free ones.
/// </summary>
internal sealed class DiskBackup(
    IDisk disk, int chunkSizeBytes, WritingSession session, ContentHasher hasher, ChunkEncoder encoder,
    EngineOptions options, ReadLimit limit, ComparisonLog? log)
{
    private const int BatchBytes = 1 << 20;

    private readonly ScratchLists scratch = new();
    private readonly RecalledChunks recalled = new(disk, chunkSizeBytes, hasher, limit);
    private readonly ComparisonRecorder? recorder = log is null ? null : new ComparisonRecorder(log);

    public DiskTally Tally { get; } = new();

    public long ReadBytes { get; private set; }

    public long AuditedBytes { get; private set; }

    /// <summary>Bytes of the disk that were not looked at, because an interrupted backup had compared them.</summary>
    public long ResumedBytes { get; private set; }

    /// <summary>Reads <paramref name="runs"/> and sets what differs from the parent.</summary>
    /// <param name="newParent">Makes a reader of the parent's map, one for each stage; null without a parent.</param>
    /// <param name="changes">Takes what differs, where it is recorded.</param>
    /// <param name="progress">Told how many bytes of the runs are done.</param>
    public async Task RunAsync(
        IReadOnlyList<ScanRun> runs, Func<DiskMapReader>? newParent, DiskMapWriter map,
        ChangeListWriter? changes, Action<long, long> progress, CancellationToken token)
    {
        int perBatch = Math.Max(1, BatchBytes / chunkSizeBytes);
        int batchCount = (int)Math.Clamp(options.InFlightBytes / ((long)perBatch * chunkSizeBytes), 4, 64);
        using FreeBatches free = new(batchCount, () => new ChunkBatch(chunkSizeBytes, perBatch));
        Channel<ChunkBatch> read = Pipeline.NewChannel<ChunkBatch>(2);
        Channel<Task<ChunkBatch>> hashed = Pipeline.NewChannel<Task<ChunkBatch>>(options.WorkerCount);
        Channel<ChunkBatch> classified = Pipeline.NewChannel<ChunkBatch>(2);
        Channel<Task<ChunkBatch>> encoded = Pipeline.NewChannel<Task<ChunkBatch>>(options.WorkerCount);
        DiskScan scan = new(disk, chunkSizeBytes, newParent?.Invoke(), limit, free, read.Writer);
        await Pipeline.RunAsync(
            token,
            ending => scan.RunAsync(log?.Read() ?? [], runs, ending),
            ending => Pipeline.OrderedAsync(read.Reader, hashed.Writer, Hash, ending),
            ending => ClassifyAsync(hashed.Reader, classified.Writer, newParent?.Invoke(), ending),
            ending => Pipeline.OrderedAsync(
                classified.Reader, encoded.Writer, batch => batch.EncodeNewAsync(session, encoder, ending), ending),
            ending => StoreAsync(encoded.Reader, free, newParent?.Invoke(), map, changes, batch =>
                progress(batch.DoneBytes, scan.ReadBytes + scan.AuditedBytes + recalled.ReadBytes), ending));
        (ReadBytes, AuditedBytes) = (scan.ReadBytes + recalled.ReadBytes, scan.AuditedBytes);
        ResumedBytes = (scan.RecalledCount * chunkSizeBytes) - recalled.ReadBytes;
        Tally.AddUnchanged(scan.RecalledSameCount);
    }

    /// <summary>Hashes what was read; neighbouring chunks together.</summary>
    private ValueTask Hash(ChunkBatch batch)
    {
        for (int first = 0; first < batch.Count;)
        {
            int end = first;
            while (end < batch.Count && !batch.IsRecalled[end] && !batch.IsKnownZero[end])
            {
                end++;
            }

            int count = end - first;
            if (count > 0)
            {
                hasher.IdsOfChunks(
                    batch.ChunksAt(first, count), batch.PagesAt(first, count), batch.Ids.AsSpan(first, count));
            }
            else if (batch.IsKnownZero[end])
            {
                batch.Ids[end] = default;
            }

            first = Math.Max(end, first + 1);
        }

        return ValueTask.CompletedTask;
    }

    private async Task ClassifyAsync(
        ChannelReader<Task<ChunkBatch>> input, ChannelWriter<ChunkBatch> output, DiskMapReader? parent,
        CancellationToken token)
    {
        await foreach (Task<ChunkBatch> task in input.ReadAllAsync(token))
        {
            ChunkBatch batch = await task;
            await ReadParentsAsync(batch, parent, token);
            await ClassifyAsync(batch, token);
            await recalled.ReadNewAsync(batch, token);
            if (batch.IsGapAudit && parent is not null)
            {
                await AuditGapAsync(batch.Gap, parent, token);
            }

            await output.WriteAsync(batch, token);
        }

        output.Complete();
    }

    private static async ValueTask ReadParentsAsync(ChunkBatch batch, DiskMapReader? parent, CancellationToken token)
    {
        if (parent is null)
        {
            Array.Clear(batch.Parents, 0, batch.Count);
            return;
        }

        for (int first = 0; first < batch.Count;)
        {
            int end = first + 1;
            while (end < batch.Count && batch.Indexes[end] == batch.Indexes[end - 1] + 1)
            {
                end++;
            }

            Memory<MapChunk> run = batch.Parents.AsMemory(first, end - first);
            int within = (int)Math.Clamp(parent.Map.ChunkCount - batch.Indexes[first], 0, run.Length);
            await parent.ReadAsync(Math.Min(batch.Indexes[first], parent.Map.ChunkCount), run[..within], token);
            run[within..].Span.Clear(); // the disk grew: there were no chunks here
            first = end;
        }
    }

    /// <summary>Asks the session only about chunks that differ from the parent's at the same place.</summary>
    private async ValueTask ClassifyAsync(ChunkBatch batch, CancellationToken token)
    {
        scratch.Fill(batch, session.IsDoubtful);
        await session.ClassifyAsync(scratch.Ids, scratch.Places, scratch.Fates, token);
        scratch.Spread(batch);
        for (int position = 0; position < batch.Count; position++)
        {
            if (batch.IsAudit[position] && batch.Ids[position] != batch.Parents[position].Id)
            {
                Tally.AddMismatch(batch.Indexes[position]);
            }
        }
    }

    /// <summary>What the image does not hold was zeros before, or the source was wrong.</summary>
    private async ValueTask AuditGapAsync((long Start, long End) gap, DiskMapReader parent, CancellationToken token)
    {
        DiskMapCursor cursor = new(parent, gap.Start, gap.End);
        while (await cursor.MoveNextAsync(token))
        {
            Tally.AddMismatch(cursor.ChunkIndex);
        }
    }

    private async Task StoreAsync(
        ChannelReader<Task<ChunkBatch>> input, FreeBatches free, DiskMapReader? parent,
        DiskMapWriter map, ChangeListWriter? changes, Action<ChunkBatch> done, CancellationToken token)
    {
        await foreach (Task<ChunkBatch> task in input.ReadAllAsync(token))
        {
            ChunkBatch batch = await task;
            await session.StoreAsync(batch.Encoded, batch.Records, batch.EncodedPlaces, token);
            Tally.RecordBytes += batch.RecordsLengthBytes;
            await SetAsync(batch, map, changes, token);
            if (parent is not null && batch.Gap.Start < batch.Gap.End)
            {
                await ClearGapAsync(batch.Gap, parent, map, changes, token);
            }

            recorder?.Note(batch);
            done(batch);
            free.Give(batch);
        }
    }

    private async ValueTask SetAsync(
        ChunkBatch batch, DiskMapWriter map, ChangeListWriter? changes, CancellationToken token)
    {
        int number = 0;
        for (int position = 0; position < batch.Count; position++)
        {
            ChunkId id = batch.Ids[position];
            RecordPlace place = batch.Fates[position] switch
            {
                ChunkFate.New => batch.PlaceOfNew(number++),
                ChunkFate.Repeated => session.PlaceOf(id),
                _ => batch.Places[position],
            };
            Tally.ChunksAuditedNonZero += batch.IsAudit[position] && !id.IsZero ? 1 : 0;
            await SetAsync(batch.Indexes[position], id, place, batch.Parents[position].Id, map, changes, token);
        }

        Tally.ChunksNew += batch.NewCount;
        Tally.BytesNew += (long)batch.NewCount * chunkSizeBytes;
    }

    private ValueTask SetAsync(
        long index, ChunkId id, RecordPlace place, ChunkId before, DiskMapWriter map, ChangeListWriter? changes,
        CancellationToken token)
    {
        Tally.ChunksNonZero += id.IsZero ? 0 : 1;
        Tally.NonZeroGrowth += (id.IsZero ? 0 : 1) - (before.IsZero ? 0 : 1);
        if (id == before)
        {
            Tally.ChunksInherited += id.IsZero ? 0 : 1;
            return ValueTask.CompletedTask;
        }

        Tally.BytesChanged += chunkSizeBytes;
        return SetChangedAsync(index, id, place, map, changes, token);
    }

    private static async ValueTask SetChangedAsync(
        long index, ChunkId id, RecordPlace place, DiskMapWriter map, ChangeListWriter? changes,
        CancellationToken token)
    {
        await map.SetAsync(index, id, place, token);
        if (changes is not null)
        {
            await changes.AddAsync(new ChangedChunk(index, id), token);
        }
    }

    private async ValueTask ClearGapAsync(
        (long Start, long End) gap, DiskMapReader parent, DiskMapWriter map, ChangeListWriter? changes,
        CancellationToken token)
    {
        DiskMapCursor cursor = new(parent, gap.Start, Math.Min(gap.End, parent.Map.ChunkCount));
        while (await cursor.MoveNextAsync(token))
        {
            await SetAsync(cursor.ChunkIndex, default, default, cursor.Chunk.Id, map, changes, token);
        }
    }
}
