using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;

namespace HyperVBackup.Operations.Backup;

/// <summary>
/// Chooses which chunks to read again although the change source called them unchanged: the neighbours of changed
/// ranges (up to half the budget, spread evenly), then allocated chunks in rotation from where the last audit ended.
/// The rotation replaces nothing, so a lasting error is found within (allocated chunks / rotated chunks a run) runs.
/// </summary>
internal sealed class AuditPlan
{
    private const double ShareOfAllocatedDefault = 0.01;
    private const double ShareOfChangedDefault = 0.25;
    private const long FloorBytes = 64L << 20;

    /// <summary>How much of the disk one audit looks through for allocated chunks. A VHDX tells what is allocated in
    /// 8 bytes a block of at least 1 MiB, so this costs at most 2 MiB of image metadata.</summary>
    private const long WalkBytesMax = 256L << 30;

    private AuditPlan(List<ScanRun> runs, long cursor)
    {
        (Runs, CursorIndex) = (runs, cursor);
    }

    /// <summary>Changed runs and audited runs together, ascending and disjoint.</summary>
    public List<ScanRun> Runs { get; }

    /// <summary>The chunk at which the next audit of this disk goes on.</summary>
    public long CursorIndex { get; }

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
    /// <param name="cursorIndex">Where the last audit of this disk ended.</param>
    public static AuditPlan Make(
        IDisk disk, IReadOnlyList<ChunkRun> changed, long budgetCount, long cursorIndex, int chunkSizeBytes)
    {
        long chunkCount = CountOf(disk.VirtualSizeBytes, chunkSizeBytes);
        var audited = new SortedSet<long>();
        AddNeighbours(audited, changed, budgetCount / 2, chunkCount);
        Rotation rotation = new(disk, changed, chunkSizeBytes, chunkCount);
        long cursor = rotation.Fill(audited, budgetCount, cursorIndex < chunkCount ? cursorIndex : 0);
        return new AuditPlan(Merge(changed, audited), cursor);
    }

    private static long CountOf(long sizeBytes, int chunkSizeBytes) => (sizeBytes + chunkSizeBytes - 1) / chunkSizeBytes;

    private static void AddNeighbours(
        SortedSet<long> audited, IReadOnlyList<ChunkRun> changed, long budgetCount, long chunkCount)
    {
        if (budgetCount == 0)
        {
            return;
        }

        int step = checked((int)Math.Max(1, (2L * changed.Count) / budgetCount));
        for (int position = 0; position < changed.Count && audited.Count < budgetCount; position += step)
        {
            long before = changed[position].FirstIndex - 1;
            long after = changed[position].EndIndex;
            if (before >= 0 && (position == 0 || changed[position - 1].EndIndex <= before))
            {
                audited.Add(before);
            }

            if (after < chunkCount && (position == changed.Count - 1 || changed[position + 1].FirstIndex > after))
            {
                audited.Add(after);
            }
        }
    }

    private static List<ScanRun> Merge(IReadOnlyList<ChunkRun> changed, SortedSet<long> audited)
    {
        List<ScanRun> runs = new(changed.Count + audited.Count);
        int next = 0;
        foreach (long index in audited)
        {
            while (next < changed.Count && changed[next].FirstIndex < index)
            {
                runs.Add(new ScanRun(changed[next++], IsAudit: false));
            }

            if (runs.Count > 0 && runs[^1] is { IsAudit: true } last && last.Chunks.EndIndex == index)
            {
                runs[^1] = last with { Chunks = last.Chunks with { Count = last.Chunks.Count + 1 } };
            }
            else
            {
                runs.Add(new ScanRun(new ChunkRun(index, 1), IsAudit: true));
            }
        }

        for (; next < changed.Count; next++)
        {
            runs.Add(new ScanRun(changed[next], IsAudit: false));
        }

        return runs;
    }

    /// <summary>Walks allocated, unchanged chunks from a cursor, around the end of the disk, each at most once.</summary>
    private sealed class Rotation(IDisk disk, IReadOnlyList<ChunkRun> changed, int chunkSizeBytes, long chunkCount)
    {
        private readonly long walkCountMax = WalkBytesMax / chunkSizeBytes;

        public long Fill(SortedSet<long> audited, long budgetCount, long cursorIndex)
        {
            long firstEnd = Math.Min(chunkCount, cursorIndex + walkCountMax);
            long end = FillFrom(audited, budgetCount, cursorIndex, firstEnd);
            if (end < chunkCount)
            {
                return end;
            }

            long walked = chunkCount - cursorIndex;
            return FillFrom(audited, budgetCount, 0, Math.Min(cursorIndex, walkCountMax - walked));
        }

        private long FillFrom(SortedSet<long> audited, long budgetCount, long startIndex, long endIndex)
        {
            long startBytes = startIndex * chunkSizeBytes;
            long endBytes = Math.Min(endIndex * chunkSizeBytes, disk.VirtualSizeBytes);
            if (startBytes >= endBytes || audited.Count >= budgetCount)
            {
                return startIndex;
            }

            long index = startIndex;
            foreach (ByteRange range in disk.AllocatedRanges(new ByteRange(startBytes, endBytes - startBytes)))
            {
                index = Math.Max(index, range.StartBytes / chunkSizeBytes);
                for (; index < CountOf(range.EndBytes, chunkSizeBytes); index++)
                {
                    if (audited.Count >= budgetCount)
                    {
                        return index;
                    }

                    if (!IsChanged(index))
                    {
                        audited.Add(index);
                    }
                }
            }

            return endIndex;
        }

        private bool IsChanged(long index)
        {
            int low = 0;
            int high = changed.Count - 1;
            while (low <= high)
            {
                int middle = (low + high) >>> 1;
                if (changed[middle].EndIndex <= index)
                {
                    low = middle + 1;
                }
                else if (changed[middle].FirstIndex > index)
                {
                    high = middle - 1;
                }
                else
                {
                    return true;
                }
            }

            return false;
        }
    }
}
