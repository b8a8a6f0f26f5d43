using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;
using HyperVBackup.Format.Points;

namespace HyperVBackup.Operations.Backup;

/// <summary>
/// Chooses which chunks to hold against the parent although the change source called them unchanged: the neighbours of
/// changed ranges (up to half the budget, spread evenly), then the disk in rotation from where the last audit ended,
/// with so many allocated chunks as the budget has left. The rotation replaces nothing, so a lasting error is found
/// within (2 × allocated chunks / budget, rounded up, + 1) runs while what is allocated stays as much, and by
/// <see cref="AuditSchedule"/> within a count of runs that nothing changes; on a disk too large to be looked through in
/// one run, within that many more as it takes to walk over all of it; each looks at least through what its reach
/// allows. Memory follows the count of runs, not of chunks.
/// </summary>
internal sealed record AuditPlan
{
    private const double ShareOfAllocatedDefault = 0.01;
    private const double ShareOfChangedDefault = 0.25;
    private const long FloorBytes = 64L << 20;

    private AuditPlan(List<ScanRun> runs, long cursor)
    {
        (Runs, CursorIndex) = (runs, cursor);
    }

    /// <summary>Changed runs and audited runs together, ascending and disjoint.</summary>
    public List<ScanRun> Runs { get; }

    /// <summary>The chunk at which the next audit of this disk goes on.</summary>
    public long CursorIndex { get; }

    /// <summary>How many allocated chunks the rotation takes.</summary>
    public long RotatedCount { get; private init; }

    /// <summary>How far the rotation goes, in chunks of whatever kind.</summary>
    public long PassedCount { get; private init; }

    /// <summary>As in <see cref="DiskAudit.HorizonRunCount"/>.</summary>
    public uint HorizonRunCount { get; init; }

    /// <summary>As in <see cref="DiskAudit.Dues"/>.</summary>
    public IReadOnlyList<AuditDue> Dues { get; init; } = [];

    /// <param name="percent">Of the allocated chunks, exactly; null for the usual budget: the smaller of 1 % of the
    /// allocated chunks, and 25 % of what changed plus 64 MiB.</param>
    /// <returns>The budget in chunks.</returns>
    public static long BudgetOf(double? percent, long allocatedCount, long changedCount, int chunkSizeBytes)
    {
        if (percent is double exact)
        {
            return (long)Math.Ceiling(allocatedCount * exact / 100);
        }

        double ofChanged = (changedCount * ShareOfChangedDefault) + ((double)FloorBytes / chunkSizeBytes);
        return (long)Math.Ceiling(Math.Min(allocatedCount * ShareOfAllocatedDefault, ofChanged));
    }

    /// <param name="changed">Ascending, disjoint, not touching.</param>
    /// <param name="cursorIndex">Where the last audit of this disk ended, on the disk.</param>
    /// <param name="reach">How far one run looks for allocated chunks.</param>
    /// <param name="neighbourCountMax">Of the budget, at most half.</param>
    public static AuditPlan Make(
        IDisk disk, IReadOnlyList<ChunkRun> changed, long budgetCount, long cursorIndex, int chunkSizeBytes,
        AuditReach reach, long neighbourCountMax = long.MaxValue)
    {
        long chunkCount = AllocatedChunks.CountOf(disk.VirtualSizeBytes, chunkSizeBytes);
        List<ChunkRun> neighbours = Neighbours(
            disk, changed, Math.Min(budgetCount / 2, neighbourCountMax), chunkCount, chunkSizeBytes);
        List<ScanRun> taken = Merge(Scans(changed, isAudit: false), Scans(neighbours, isAudit: true));
        AuditRotation rotation = new(
            disk, taken, chunkSizeBytes, chunkCount, budgetCount - neighbours.Sum(run => run.Count), reach);
        long cursor = rotation.Run(cursorIndex);
        return new AuditPlan(Merge(taken, rotation.Chosen), cursor)
        {
            RotatedCount = rotation.ChosenCount,
            PassedCount = rotation.PassedCount,
        };
    }

    /// <summary>Audits all that did not change, whether the image holds it or not: it is looked for while it is read.
    /// </summary>
    /// <param name="changed">Ascending, disjoint, not touching.</param>
    public static AuditPlan OfAll(IReadOnlyList<ChunkRun> changed, long chunkCount, long cursorIndex)
    {
        List<ScanRun> runs = new((2 * changed.Count) + 1);
        long index = 0;
        foreach (ChunkRun run in changed.Append(new ChunkRun(chunkCount, 0)))
        {
            if (run.FirstIndex > index)
            {
                runs.Add(new ScanRun(new ChunkRun(index, run.FirstIndex - index), IsAudit: true));
            }

            if (run.Count > 0)
            {
                runs.Add(new ScanRun(run, IsAudit: false));
            }

            index = run.EndIndex;
        }

        return new AuditPlan(runs, cursorIndex);
    }

    /// <summary>Only allocated ones: others would take the budget of what can be read.</summary>
    private static List<ChunkRun> Neighbours(
        IDisk disk, IReadOnlyList<ChunkRun> changed, long budgetCount, long chunkCount, int chunkSizeBytes)
    {
        List<ChunkRun> neighbours = [];
        if (budgetCount == 0)
        {
            return neighbours;
        }

        bool IsAllocated(long index) => AllocatedChunks.RangesOf(disk, index, index + 1, chunkSizeBytes).Any();
        int step = checked((int)Math.Max(1, 2L * changed.Count / budgetCount));
        for (int position = 0; position < changed.Count && neighbours.Count < budgetCount; position += step)
        {
            long previousEnd = position == 0 ? 0 : changed[position - 1].EndIndex;
            long nextStart = position == changed.Count - 1 ? chunkCount : changed[position + 1].FirstIndex;
            long before = changed[position].FirstIndex - 1;
            bool isFree = before >= previousEnd
                && (neighbours.Count == 0 || neighbours[^1].FirstIndex < before);
            if (isFree && IsAllocated(before))
            {
                neighbours.Add(new ChunkRun(before, 1));
            }

            long after = changed[position].EndIndex;
            if (after < nextStart && neighbours.Count < budgetCount && IsAllocated(after))
            {
                neighbours.Add(new ChunkRun(after, 1));
            }
        }

        return neighbours;
    }

    private static IEnumerable<ScanRun> Scans(IEnumerable<ChunkRun> runs, bool isAudit) =>
        runs.Select(run => new ScanRun(run, isAudit));

    /// <summary>Two lists, each ascending, of runs that are all disjoint; touching audited ones become one.</summary>
    private static List<ScanRun> Merge(IEnumerable<ScanRun> left, IEnumerable<ScanRun> right)
    {
        List<ScanRun> all = [.. left, .. right];
        all.Sort((x, y) => x.Chunks.FirstIndex.CompareTo(y.Chunks.FirstIndex));
        List<ScanRun> merged = new(all.Count);
        foreach (ScanRun run in all)
        {
            if (run.IsAudit && merged.Count > 0 && merged[^1] is { IsAudit: true } last && last.IsGap == run.IsGap
                && last.Chunks.EndIndex == run.Chunks.FirstIndex)
            {
                merged[^1] = last with { Chunks = last.Chunks with { Count = last.Chunks.Count + run.Chunks.Count } };
            }
            else
            {
                merged.Add(run);
            }
        }

        return merged;
    }
}
