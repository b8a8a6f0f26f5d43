using System.Threading.Channels;
using HyperVBackup.Disks;
using HyperVBackup.Operations.Backup.Resume;

namespace HyperVBackup.Operations.Backup;

/// <summary>
/// The first stage of a backup: reads runs of chunks into batches. What the image says was never written is not
/// read: long stretches of it go on as gaps, short ones as zeros between the chunks around them.
/// </summary>
internal sealed class DiskScan(
    IDisk disk, int chunkSizeBytes, bool hasParent, ReadLimit limit, ChannelReader<ChunkBatch> free,
    ChannelWriter<ChunkBatch> output)
{
    private ChunkBatch? batch;
    private long doneBytes;

    /// <summary>Bytes read of runs that are not audited.</summary>
    public long ReadBytes { get; private set; }

    public long AuditedBytes { get; private set; }

    /// <summary>Chunks that are not zeros, and that an interrupted backup found to be the parent's.</summary>
    public long RecalledSameCount { get; private set; }

    /// <param name="recalled">What an interrupted backup found before the runs begin: goes on without being read.
    /// </param>
    /// <param name="runs">What to read.</param>
    /// <exception cref="DiskImageException">The image is damaged or cannot be read.</exception>
    public async Task RunAsync(
        IEnumerable<ComparedRun> recalled, IEnumerable<ScanRun> runs, CancellationToken token)
    {
        foreach (ComparedRun run in recalled)
        {
            await RecallAsync(run, token);
        }

        foreach (ScanRun run in runs)
        {
            await ScanAsync(run, token);
        }

        await EmitAsync(token);
        output.Complete();
    }

    private async ValueTask RecallAsync(ComparedRun run, CancellationToken token)
    {
        token.ThrowIfCancellationRequested();
        RecalledSameCount += run.NonZeroCount;
        for (int done = 0; done < run.Ids.Length;)
        {
            ChunkBatch current = await BatchAsync(token);
            int count = Math.Min(run.Ids.Length - done, current.CountMax - current.Count);
            current.AddRecalled(run.FirstIndex + done, run.Ids.Span.Slice(done, count));
            done += count;
            await EmitIfFullAsync(token);
        }

        if (run.Kind == ComparedKind.Zeros)
        {
            await EmitAsync(token);
            (await BatchAsync(token)).SetGap(run.FirstIndex, run.EndIndex, isAudit: false);
            await EmitAsync(token);
        }
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
        if (!hasParent)
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
            batch = await free.ReadAsync(token);
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
