using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;

namespace HyperVBackup.Operations.Backup;

/// <summary>Walks over allocated chunks from a cursor, around the end of the disk, and chooses those that are not
/// taken yet, each at most once. What is chosen lets it look further: finding a chunk takes at most one byte of image
/// metadata for 4 KiB. Used once.</summary>
internal sealed class AuditRotation(
    IDisk disk, List<ScanRun> taken, int chunkSizeBytes, long chunkCount, long budgetCount, AuditReach reach)
{
    private const int BytesPerMetadataByte = 4096;

    private readonly AllocatedWalk walk = new(disk, chunkSizeBytes, reach);
    private readonly List<ChunkRun> beforeCursor = [];
    private readonly List<ChunkRun> afterCursor = [];
    private long left = budgetCount;

    /// <summary>Ascending and disjoint.</summary>
    public IEnumerable<ChunkRun> Chosen => beforeCursor.Concat(afterCursor);

    /// <returns>Where the next rotation goes on.</returns>
    public long Run(long cursorIndex)
    {
        long end = Walk(afterCursor, cursorIndex, chunkCount);
        return end < chunkCount ? end : Walk(beforeCursor, 0, cursorIndex);
    }

    private long Walk(List<ChunkRun> chosen, long startIndex, long endIndex)
    {
        long index = startIndex;
        if (left == 0)
        {
            return index;
        }

        foreach (ByteRange range in walk.Over(startIndex, endIndex))
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

        return walk.EndIndex;
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
        walk.Allow(count * chunkSizeBytes / BytesPerMetadataByte);
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
