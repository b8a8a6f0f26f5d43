using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;
using HyperVBackup.Format;

namespace HyperVBackup.Benchmarks.Scenarios.Rooflines;

/// <summary>What a backup reads, and which of it is new: found out beforehand, so that the roofline pays for neither
/// look-ups nor maps.</summary>
/// <param name="Runs">Chunks that lie side by side, at most <see cref="ChunkBuffers.ChunksPerRun"/>, ascending.</param>
/// <param name="Ids">Per run the ids of its chunks.</param>
/// <param name="IsNew">Per run whether a chunk is to be encoded and stored.</param>
internal sealed record ScanPlan(ChunkRun[] Runs, ChunkId[][] Ids, bool[][] IsNew)
{
    private const int ChunkSizeBytes = ChunkBuffers.ChunkSizeBytes;

    /// <param name="ranges">What changed; null to read all that is allocated.</param>
    /// <param name="auditBytes">How much is read besides, spread over the disk.</param>
    /// <param name="isStored">Whether a chunk was stored earlier.</param>
    public static ScanPlan Make(IDisk disk, ChangedRanges? ranges, long auditBytes, Func<ChunkId, bool> isStored)
    {
        ChunkRun[] allocated = [.. Cut(AllocatedRuns(disk))];
        ChunkRun[] runs = ranges is null
            ? allocated
            : [.. Cut(ranges.ToChunkRuns(ChunkSizeBytes)), .. Spread(allocated, auditBytes)];
        ChunkId[][] ids = new ChunkId[runs.Length][];
        Workers.Run(runs.Length, (buffers, number) => ids[number] = Hash(disk, runs[number], buffers));
        HashSet<ChunkId> seen = [];
        bool[][] isNew = [.. ids.Select(ofRun => ofRun.Select(
            id => !id.IsZero && !isStored(id) && seen.Add(id)).ToArray())];
        return new ScanPlan(runs, ids, isNew);
    }

    /// <summary>Reads a run; what lies beyond the disk's end is zeros.</summary>
    public static void Read(IDisk disk, ChunkRun run, ChunkBuffers buffers)
    {
        long offsetBytes = run.FirstIndex * ChunkSizeBytes;
        int lengthBytes = (int)run.Count * ChunkSizeBytes;
        int insideBytes = (int)Math.Min(lengthBytes, disk.VirtualSizeBytes - offsetBytes);
        disk.Read(offsetBytes, buffers.Plain.AsSpan(0, insideBytes));
        buffers.Plain.AsSpan(insideBytes, lengthBytes - insideBytes).Clear();
    }

    private static ChunkId[] Hash(IDisk disk, ChunkRun run, ChunkBuffers buffers)
    {
        Read(disk, run, buffers);
        ChunkId[] ids = new ChunkId[run.Count];
        for (int position = 0; position < ids.Length; position++)
        {
            ids[position] = buffers.IdAt(position);
        }

        return ids;
    }

    private static IEnumerable<ChunkRun> AllocatedRuns(IDisk disk)
    {
        IEnumerable<ByteRange> ranges = disk.AllocatedRanges(new ByteRange(0, disk.VirtualSizeBytes));
        return ChangedRanges.Build(ranges.Select(range => (range.StartBytes, range.LengthBytes)))
            .ToChunkRuns(ChunkSizeBytes);
    }

    private static IEnumerable<ChunkRun> Cut(IEnumerable<ChunkRun> runs)
    {
        foreach (ChunkRun run in runs)
        {
            for (long index = run.FirstIndex; index < run.EndIndex; index += ChunkBuffers.ChunksPerRun)
            {
                yield return new ChunkRun(index, Math.Min(ChunkBuffers.ChunksPerRun, run.EndIndex - index));
            }
        }
    }

    private static IEnumerable<ChunkRun> Spread(ChunkRun[] allocated, long auditBytes)
    {
        long count = Math.Min(allocated.Length, auditBytes / ChunkSizeBytes);
        for (long number = 0; number < count; number++)
        {
            yield return new ChunkRun(allocated[number * allocated.Length / count].FirstIndex, 1);
        }
    }
}
