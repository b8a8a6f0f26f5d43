using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;

namespace HyperVBackup.Operations.Backup;

/// <summary>Walks over allocated chunks from a cursor, around the end of the disk, and chooses those that are not
/// taken yet, each at most once. Used once.</summary>
internal sealed class AuditRotation(
    IDisk disk, List<ScanRun> taken, int chunkSizeBytes, long chunkCount, long budgetCount, long walkCountMax)
{
    private readonly List<ChunkRun> beforeCursor = [];
    private readonly List<ChunkRun> afterCursor = [];
    private long left = budgetCount;

    /// <summary>Ascending and disjoint.</summary>
    public IEnumerable<ChunkRun> Chosen => beforeCursor.Concat(afterCursor);

    /// <returns>Where the next rotation goes on.</returns>
    public long Run(long cursorIndex)
    {
        long walkCount = Math.Min(walkCountMax, chunkCount);
        long end = Walk(afterCursor, cursorIndex, Math.Min(chunkCount, cursorIndex + walkCount));
        return end < chunkCount ? end : Walk(beforeCursor, 0, walkCount - (chunkCount - cursorIndex));
    }

    private long Walk(List<ChunkRun> chosen, long startIndex, long endIndex)
    {
        long index = startIndex;
        if (left == 0)
        {
            return index;
        }

        foreach (ByteRange range in AllocatedChunks.RangesOf(disk, startIndex, endIndex, chunkSizeBytes))
        {
            index = Math.Max(index, range.StartBytes / chunkSizeBytes);
            long rangeEnd = AllocatedChunks.CountOf(range.EndBytes, chunkSizeBytes);
            while (index < rangeEnd)
            {
                if (left == 0)
                {
                    return index;
                }

                index = Choose(chosen, index, rangeEnd);
            }
        }

        return endIndex;
    }

    /// <summary>Chooses up to the next chunk that is taken, or passes over those that are.</summary>
    private long Choose(List<ChunkRun> chosen, long index, long endIndex)
    {
        int next = FirstTakenAfter(index);
        long takenStart = next < taken.Count ? taken[next].Chunks.FirstIndex : long.MaxValue;
        if (takenStart <= index)
        {
            return taken[next].Chunks.EndIndex;
        }

        long count = Math.Min(left, Math.Min(endIndex, takenStart) - index);
        chosen.Add(new ChunkRun(index, count));
        left -= count;
        return index + count;
    }

    /// <summary>The first taken run that ends after a chunk.</summary>
    private int FirstTakenAfter(long index)
    {
        int low = 0;
        int high = taken.Count;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            (low, high) = taken[middle].Chunks.EndIndex <= index ? (middle + 1, high) : (low, middle);
        }

        return low;
    }
}
