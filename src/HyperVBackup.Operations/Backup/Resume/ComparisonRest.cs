using HyperVBackup.Disks.Changes;

namespace HyperVBackup.Operations.Backup.Resume;

/// <summary>A comparison of a whole disk, and what of it is left to do.</summary>
internal sealed class ComparisonRest
{
    private ComparisonRest(ComparisonLog? log, List<ChunkRun> left, long chunkCount)
    {
        (Log, Left) = (log, left);
        RecalledCount = chunkCount - left.Sum(run => run.Count);
    }

    /// <summary>Where it is noted; null where nothing can be noted.</summary>
    public ComparisonLog? Log { get; }

    /// <summary>What to read: what was not compared before, and what changed since. Ascending, not touching.</summary>
    public IReadOnlyList<ChunkRun> Left { get; }

    /// <summary>How many chunks are not looked at again.</summary>
    public long RecalledCount { get; }

    /// <param name="changedSince">What may hold something else than what was noted.</param>
    public static ComparisonRest Of(
        ComparisonLog? log, ChangedRanges changedSince, long chunkCount, int chunkSizeBytes)
    {
        long resumedIndex = log?.ResumedIndex ?? 0;
        List<ChunkRun> left = [];
        foreach (ChunkRun run in changedSince.ToChunkRuns(chunkSizeBytes))
        {
            if (run.EndIndex >= resumedIndex)
            {
                resumedIndex = Math.Min(resumedIndex, run.FirstIndex);
                break;
            }

            left.Add(run);
        }

        if (resumedIndex < chunkCount)
        {
            left.Add(new ChunkRun(resumedIndex, chunkCount - resumedIndex));
        }

        return new ComparisonRest(log, left, chunkCount);
    }
}
