using System.Threading.Channels;
using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;

namespace HyperVBackup.Operations.Backup;

/// <summary>
/// The first stage of a backup: reads runs of chunks into batches. What the image says was never written is not
/// read: long stretches of it go on as gaps, short ones as zeros between the chunks around them.
/// </summary>
internal sealed class DiskScan(
    IDisk disk, int chunkSizeBytes, bool hasParent, ChannelReader<ChunkBatch> free, ChannelWriter<ChunkBatch> output)
{
    private ChunkBatch? batch;
    private long doneBytes;

    /// <summary>Bytes read of runs that are not audited.</summary>
    public long ReadBytes { get; private set; }

    public long AuditedBytes { get; private set; }

    /// <exception cref="DiskImageException">The image is damaged or cannot be read.</exception>
    public async Task RunAsync(IEnumerable<ScanRun> runs, CancellationToken token)
    {
        foreach (ScanRun run in runs)
        {
            await ScanAsync(run, token);
        }

        await EmitAsync(token);
        output.Complete();
    }

    private async ValueTask ScanAsync(ScanRun run, CancellationToken token)
    {
        long index = run.Chunks.FirstIndex;
        IEnumerable<ByteRange> allocatedRanges = AllocatedChunks.RangesOf(
            disk, run.Chunks.FirstIndex, run.Chunks.EndIndex, chunkSizeBytes);
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
