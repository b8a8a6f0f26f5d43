using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;
using HyperVBackup.Format.Points;

namespace HyperVBackup.Operations.Backup;

/// <summary>
/// Sets the budget of a disk's audit, and how much of the image's metadata may be read to find what to audit, so that
/// an incremental reads no more than 4 MiB of it in all: what opening the image took (twice, as its name was looked up
/// too), what reading the changes will take, and this. On a disk whose tables are too large to be looked through, the
/// share is of the chunks that the parent has or that were found, whichever are more.
/// </summary>
internal sealed class AuditPlanner(IDisk disk, int chunkSizeBytes)
{
    private const long SearchBytesMax = 7L << 19;
    private const long SearchBytesMin = 128L << 10;
    private const int MetadataBytesPerPlace = 16;
    private const int BlockSizeBytesMinLog2 = 20;
    private const long StepBytes = 256L << 20;

    /// <summary>How much of the disk an audit without an exact share looks through.</summary>
    private const long WalkBytesMax = 256L << 30;
    private const double WholePercent = 100;

    private readonly long chunkCount = AllocatedChunks.CountOf(disk.VirtualSizeBytes, chunkSizeBytes);

    /// <param name="percent">Of the allocated chunks; null for the usual budget. 100 is all of the disk, also what the
    /// image does not hold, and the whole of the image's tables is then part of the budget.</param>
    /// <param name="changed">Ascending, disjoint, not touching.</param>
    /// <param name="before">What the parent counted.</param>
    public AuditPlan Plan(double? percent, IReadOnlyList<ChunkRun> changed, DiskStatistics before)
    {
        long cursorIndex = before.AuditCursorBytes / chunkSizeBytes;
        if (percent == WholePercent)
        {
            return AuditPlan.OfAll(changed, chunkCount, cursorIndex);
        }

        AuditReach reach = Reach(percent, changed);
        long budget = percent == 0 ? 0 : Budget(percent, changed, before, reach);
        return AuditPlan.Make(disk, changed, budget, cursorIndex, chunkSizeBytes, reach);
    }

    private long Budget(double? percent, IReadOnlyList<ChunkRun> changed, DiskStatistics before, AuditReach reach)
    {
        long counted = AllocatedChunks.Count(disk, chunkSizeBytes, reach, out bool isWhole);
        long allocated = isWhole && percent is not null ? counted : Math.Max(counted, before.ChunksNonZero);
        return AuditPlan.BudgetOf(
            percent, isWhole ? allocated : Math.Max(allocated, 1), changed.Sum(run => run.Count), chunkSizeBytes);
    }

    /// <summary>For counting, and as much again for choosing.</summary>
    private AuditReach Reach(double? percent, IReadOnlyList<ChunkRun> changed)
    {
        long changedBytes = changed.Sum(run => run.Count) * chunkSizeBytes;
        long placeCount = changed.Count + (changedBytes >> BlockSizeBytesMinLog2);
        long leftBytes = SearchBytesMax - (2 * disk.MetadataBytesRead) - (placeCount * MetadataBytesPerPlace);
        return new AuditReach(
            ChunkCountMax: percent is null ? WalkBytesMax / chunkSizeBytes : long.MaxValue,
            MetadataBytesMax: Math.Max(SearchBytesMin, leftBytes / 2),
            StepChunkCount: Math.Max(1, StepBytes / chunkSizeBytes));
    }
}
