using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;

namespace HyperVBackup.Operations.Backup;

/// <summary>Walks over the disk from a cursor, around its end, until it has chosen so many allocated chunks that are
/// not taken yet, each at most once. What it passes over that is not allocated is chosen too, as gaps, and costs
/// nothing: it was zeros before, or the source is wrong. What is chosen lets it look further: finding a chunk takes at
/// most one byte of image metadata for 4 KiB. Used once.</summary>
internal sealed class AuditRotation(
    IDisk disk, List<ScanRun> taken, int chunkSizeBytes, long chunkCount, long budgetCount, AuditReach reach)
{
    private const int BytesPerMetadataByte = 4096;

    private readonly AllocatedWalk walk = new(disk, chunkSizeBytes, reach);
    private readonly List<ScanRun> beforeCursor = [];
    private readonly List<ScanRun> afterCursor = [];
    private readonly long budget = budgetCount;
    private long left = budgetCount;

    /// <summary>Ascending and disjoint.</summary>
    public IEnumerable<ScanRun> Chosen => beforeCursor.Concat(afterCursor);

    /// <summary>How many allocated chunks were chosen.</summary>
    public long ChosenCount => budget - left;

    /// <summary>How far it went, in chunks of whatever kind; the chunks of the disk when it came around.</summary>
    public long PassedCount { get; private set; }

    /// <returns>Where the next rotation goes on.</returns>
    public long Run(long cursorIndex)
    {
        long end = Walk(afterCursor, cursorIndex, chunkCount);
        PassedCount = end - cursorIndex;
        if (end < chunkCount)
        {
            return end;
        }

        end = Walk(beforeCursor, 0, cursorIndex);
        PassedCount += end;
        return end;
    }

    private long Walk(List<ScanRun> chosen, long startIndex, long endIndex)
    {
        long index = startIndex;
        if (budget == 0)
        {
            return index;
        }

        foreach (ByteRange range in walk.Over(startIndex, endIndex))
        {
            long rangeStart = range.StartBytes / chunkSizeBytes;
            long rangeEnd = AllocatedChunks.CountOf(range.EndBytes, chunkSizeBytes);
            index = Pass(chosen, index, rangeStart);
            while (index < rangeEnd)
            {
                if (left == 0)
                {
                    return index;
                }

                index = Choose(chosen, index, rangeEnd);
            }
        }

        Pass(chosen, index, walk.EndIndex);
        return walk.EndIndex;
    }

    /// <summary>Passes over chunks that are not allocated.</summary>
    private long Pass(List<ScanRun> chosen, long index, long endIndex)
    {
        while (index < endIndex)
        {
            (long takenStart, long takenEnd) = TakenAfter(index);
            long end = Math.Min(endIndex, takenStart);
            if (index < end)
            {
                chosen.Add(new ScanRun(new ChunkRun(index, end - index), IsAudit: true, IsGap: true));
            }

            index = takenStart < endIndex ? takenEnd : end;
        }

        return index;
    }

    /// <summary>Chooses up to the next chunk that is taken, or passes over those that are.</summary>
    private long Choose(List<ScanRun> chosen, long index, long endIndex)
    {
        (long takenStart, long takenEnd) = TakenAfter(index);
        if (takenStart <= index)
        {
            return takenEnd;
        }

        long count = Math.Min(left, Math.Min(endIndex, takenStart) - index);
        chosen.Add(new ScanRun(new ChunkRun(index, count), IsAudit: true));
        left -= count;
        walk.Allow(count * chunkSizeBytes / BytesPerMetadataByte);
        return index + count;
    }

    /// <summary>The first taken run that ends after a chunk.</summary>
    private (long Start, long End) TakenAfter(long index)
    {
        int low = 0;
        int high = taken.Count;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            (low, high) = taken[middle].Chunks.EndIndex <= index ? (middle + 1, high) : (low, middle);
        }

        return low < taken.Count
            ? (taken[low].Chunks.FirstIndex, taken[low].Chunks.EndIndex)
            : (long.MaxValue, long.MaxValue);
    }
}
