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
    /// <param name="before">What the last audit of the disk recorded.</param>
    public AuditPlan Plan(double? percent, IReadOnlyList<ChunkRun> changed, AuditState before)
    {
        long cursorIndex = before.CursorBytes / chunkSizeBytes % chunkCount;
        if (percent == WholePercent)
        {
            return AuditPlan.OfAll(changed, chunkCount, cursorIndex);
        }

        AuditReach reach = Reach(percent, changed);
        if (percent == 0)
        {
            AuditPlan none = AuditPlan.Make(disk, changed, 0, cursorIndex, chunkSizeBytes, reach);
            return none with { HorizonRunCount = DiskAudit.Never, Dues = before.Dues };
        }

        return percent is double exact
            ? PlanShare(exact, changed, before, cursorIndex, reach)
            : PlanUsual(changed, before, cursorIndex, reach);
    }

    private AuditPlan PlanShare(
        double percent, IReadOnlyList<ChunkRun> changed, AuditState before, long cursorIndex, AuditReach reach)
    {
        uint roundRunCount = AuditSchedule.RoundRunCount(percent);
        AuditSchedule schedule =
            AuditSchedule.Of(before.Dues, cursorIndex, chunkCount, chunkSizeBytes, roundRunCount);
        long[] counts = AllocatedChunks.CountAround(
            disk, chunkSizeBytes, reach, cursorIndex, schedule.Distances, out long seenCount);
        long allocated = seenCount == chunkCount ? counts[^1] : Math.Max(counts[^1], before.ChunksNonZero);
        long quota = Math.Max(1, schedule.QuotaFor(counts));
        long share = AuditPlan.BudgetOf(percent, allocated, changed.Sum(run => run.Count), chunkSizeBytes);
        long budget = Math.Max(share, quota);
        AuditPlan plan =
            AuditPlan.Make(disk, changed, budget, cursorIndex, chunkSizeBytes, reach, budget - quota);
        long runs = Math.Min(roundRunCount - 1, allocated - plan.RotatedCount);
        return plan with
        {
            HorizonRunCount = Horizon(plan, runs, budget, seenCount, reach),
            Dues = schedule.After(plan.PassedCount, plan.CursorIndex, chunkSizeBytes),
        };
    }

    private AuditPlan PlanUsual(
        IReadOnlyList<ChunkRun> changed, AuditState before, long cursorIndex, AuditReach reach)
    {
        long[] counts =
            AllocatedChunks.CountAround(disk, chunkSizeBytes, reach, cursorIndex, [chunkCount], out long seenCount);
        long allocated = Math.Max(counts[^1], before.ChunksNonZero);
        long share = AuditPlan.BudgetOf(null, allocated, changed.Sum(run => run.Count), chunkSizeBytes);
        long budget = Math.Max(1, share);
        AuditPlan plan = AuditPlan.Make(disk, changed, budget, cursorIndex, chunkSizeBytes, reach);
        long rotated = budget - (budget / 2);
        long runs = (Math.Max(0, allocated - plan.RotatedCount) + rotated - 1) / rotated;
        return plan with
        {
            HorizonRunCount = Horizon(plan, runs, budget, seenCount, reach),
            Dues = AuditSchedule.AfterOther(
                before.Dues, plan.PassedCount, cursorIndex, chunkCount, chunkSizeBytes),
        };
    }

    /// <param name="runs">How many more it takes to read all that is allocated.</param>
    /// <param name="seenCount">How much of the disk could be looked at in this run: where that is not all, as many runs
    /// more as it takes to walk over the rest.</param>
    private uint Horizon(AuditPlan plan, long runs, long budget, long seenCount, AuditReach reach)
    {
        if (plan.PassedCount == chunkCount)
        {
            return 0;
        }

        bool isCut = plan.RotatedCount < budget / 2;
        long walked = Math.Min(isCut ? plan.PassedCount : chunkCount, Math.Min(seenCount, reach.ChunkCountMax));
        long left = chunkCount - plan.PassedCount;
        long walks = walked == chunkCount ? 0 : (left + walked) / Math.Max(1, walked);
        return (uint)Math.Min(Math.Max(1, runs) + walks, DiskAudit.Never - 1);
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
