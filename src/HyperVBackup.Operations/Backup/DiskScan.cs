using System.Threading.Channels;
using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;
using HyperVBackup.Operations.Backup.Resume;
using HyperVBackup.Repository.Maps;

namespace HyperVBackup.Operations.Backup;

/// <summary>
/// The first stage of a backup: reads runs of chunks into batches. What the image says was never written is not
/// read: long stretches of it go on as gaps, short ones as zeros between the chunks around them.
/// </summary>
internal sealed class DiskScan(
    IDisk disk, int chunkSizeBytes, DiskMapReader? parent, ReadLimit limit, FreeBatches free,
    ChannelWriter<ChunkBatch> output)
{
    private ChunkBatch? batch;
    private long doneBytes;

    /// <summary>Bytes read of runs that are not audited.</summary>
    public long ReadBytes { get; private set; }

    public long AuditedBytes { get; private set; }

    /// <summary>Chunks that are not zeros, and that an interrupted backup found to be the parent's.</summary>
    public long RecalledSameCount { get; private set; }

    /// <summary>Chunks that an interrupted backup compared, and that are not looked at again.</summary>
    public long RecalledCount { get; private set; }

    /// <param name="recalled">What an interrupted backup found from the start of the disk on: goes on without being
    /// read, but for what is read again.</param>
    /// <param name="runs">What to read, ascending.</param>
    /// <exception cref="DiskImageException">The image is damaged or cannot be read.</exception>
    public async Task RunAsync(
        IEnumerable<ComparedRun> recalled, IReadOnlyList<ScanRun> runs, CancellationToken token)
    {
        int next = 0;
        long recalledEnd = 0;
        foreach (ComparedRun run in recalled)
        {
            next = await GoOnAsync(run, runs, next, token);
            recalledEnd = run.EndIndex;
        }

        for (; next < runs.Count; next++)
        {
            ChunkRun chunks = runs[next].Chunks;
            long first = Math.Max(chunks.FirstIndex, recalledEnd);
            await ScanAsync(runs[next] with { Chunks = new ChunkRun(first, chunks.EndIndex - first) }, token);
        }

        await EmitAsync(token);
        output.Complete();
    }

    /// <summary>Recalls a run, and scans those parts of it that are to be read again.</summary>
    /// <param name="next">Of the runs to read the first that may lie within.</param>
    /// <returns>The first that may lie behind.</returns>
    private async ValueTask<int> GoOnAsync(
        ComparedRun recalled, IReadOnlyList<ScanRun> runs, int next, CancellationToken token)
    {
        token.ThrowIfCancellationRequested();
        RecalledSameCount += recalled.NonZeroCount;
        long index = recalled.FirstIndex;
        for (; next < runs.Count && runs[next].Chunks.FirstIndex < recalled.EndIndex; next++)
        {
            ScanRun run = runs[next];
            long first = Math.Max(run.Chunks.FirstIndex, index);
            long end = Math.Min(run.Chunks.EndIndex, recalled.EndIndex);
            await RecallAsync(recalled, index, first, token);
            RecalledSameCount -= recalled.Kind == ComparedKind.Same ? await NonZeroCountAsync(first, end, token) : 0;
            await ScanAsync(run with { Chunks = new ChunkRun(first, end - first) }, token);
            index = end;
            if (run.Chunks.EndIndex > recalled.EndIndex)
            {
                return next;
            }
        }

        await RecallAsync(recalled, index, recalled.EndIndex, token);
        return next;
    }

    private async ValueTask RecallAsync(ComparedRun run, long index, long endIndex, CancellationToken token)
    {
        RecalledCount += endIndex - index;
        if (run.Kind == ComparedKind.Zeros && index < endIndex)
        {
            await EmitAsync(token);
            (await BatchAsync(token)).SetGap(index, endIndex, isAudit: false);
            await EmitAsync(token);
        }

        while (run.Kind == ComparedKind.Found && index < endIndex)
        {
            ChunkBatch current = await BatchAsync(token);
            int count = (int)Math.Min(endIndex - index, current.CountMax - current.Count);
            current.AddRecalled(index, run.Ids.Span.Slice((int)(index - run.FirstIndex), count));
            index += count;
            await EmitIfFullAsync(token);
        }
    }

    /// <summary>How many of the parent's chunks are not zeros.</summary>
    private async ValueTask<long> NonZeroCountAsync(long index, long endIndex, CancellationToken token)
    {
        if (parent is null)
        {
            return 0;
        }

        DiskMapCursor cursor = new(parent, index, endIndex);
        long count = 0;
        while (await cursor.MoveNextAsync(token))
        {
            count++;
        }

        return count;
    }

    private async ValueTask ScanAsync(ScanRun run, CancellationToken token)
    {
        long index = run.Chunks.FirstIndex;
        IEnumerable<ByteRange> allocatedRanges = run.IsGap
            ? []
            : AllocatedChunks.RangesOf(disk, run.Chunks.FirstIndex, run.Chunks.EndIndex, chunkSizeBytes);
        foreach (ByteRange allocated in allocatedRanges)
        {
            token.ThrowIfCancellationRequested();
            long first = Math.Max(index, allocated.StartBytes / chunkSizeBytes);
            long end = Math.Max(first, (allocated.EndBytes + chunkSizeBytes - 1) / chunkSizeBytes);
            await SkipAsync(index, first, run.IsAudit, token);
            await ReadAsync(first, end, run.IsAudit, token);
            index = end;
        }

        await SkipAsync(index, run.Chunks.EndIndex, run.IsAudit, token);
    }

    private async ValueTask ReadAsync(long firstIndex, long endIndex, bool isAudit, CancellationToken token)
    {
        while (firstIndex < endIndex)
        {
            ChunkBatch current = await BatchAsync(token);
            int count = (int)Math.Min(endIndex - firstIndex, current.CountMax - current.Count);
            await limit.TakeAsync((long)count * chunkSizeBytes, token);
            Read(firstIndex, current.Add(firstIndex, count, isAudit), isAudit);
            firstIndex += count;
            doneBytes += (long)count * chunkSizeBytes;
            await EmitIfFullAsync(token);
        }
    }

    private void Read(long firstIndex, Span<byte> space, bool isAudit)
    {
        long offsetBytes = firstIndex * chunkSizeBytes;
        int lengthBytes = (int)Math.Min(space.Length, disk.VirtualSizeBytes - offsetBytes);
        disk.Read(offsetBytes, space[..lengthBytes]);
        space[lengthBytes..].Clear();
        if (isAudit)
        {
            AuditedBytes += lengthBytes;
        }
        else
        {
            ReadBytes += lengthBytes;
        }
    }

    private async ValueTask SkipAsync(long startIndex, long endIndex, bool isAudit, CancellationToken token)
    {
        long count = endIndex - startIndex;
        if (count <= 0)
        {
            return;
        }

        doneBytes += count * chunkSizeBytes;
        if (parent is null)
        {
            return; // what is not set is zero
        }

        ChunkBatch current = await BatchAsync(token);
        if (count <= current.CountMax - current.Count)
        {
            current.AddZeros(startIndex, (int)count, isAudit);
            await EmitIfFullAsync(token);
            return;
        }

        await EmitAsync(token);
        (await BatchAsync(token)).SetGap(startIndex, endIndex, isAudit);
        await EmitAsync(token);
    }

    private async ValueTask<ChunkBatch> BatchAsync(CancellationToken token)
    {
        if (batch is null)
        {
            batch = await free.TakeAsync(token);
            batch.Clear();
        }

        return batch;
    }

    private ValueTask EmitIfFullAsync(CancellationToken token) =>
        batch is { IsFull: true } ? EmitAsync(token) : ValueTask.CompletedTask;

    private async ValueTask EmitAsync(CancellationToken token)
    {
        if (batch is not null)
        {
            batch.DoneBytes = doneBytes;
            await output.WriteAsync(batch, token);
            batch = null;
        }
    }
}
