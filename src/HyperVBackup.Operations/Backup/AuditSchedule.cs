using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Points;

namespace HyperVBackup.Operations.Backup;

/// <summary>
/// Says by when an audit with an exact share has to come where, so that it comes to every place of the disk once in so
/// many runs, whatever is allocated meanwhile: what one run passes is due again that many runs later. An audit that
/// does in each run what <see cref="QuotaFor"/> says is never late, and never has to do more than its share while what
/// is allocated stays as much. Immutable.
/// </summary>
internal sealed class AuditSchedule
{
    /// <summary>Distances from the cursor in chunks, ascending, the last the whole way; runs ascending.</summary>
    private readonly List<(long Distance, uint RunCount)> dues = [];
    private readonly long chunkCount;
    private readonly uint roundRunCount;

    private AuditSchedule(long chunkCount, uint roundRunCount)
    {
        (this.chunkCount, this.roundRunCount) = (chunkCount, roundRunCount);
    }

    /// <summary>How far it is to each due, in chunks, ascending; the last is the whole way.</summary>
    public IReadOnlyList<long> Distances => [.. dues.Select(due => due.Distance)];

    /// <summary>How many runs a share takes at most to come around.</summary>
    public static uint RoundRunCount(double percent) => (uint)Math.Min(Math.Ceiling(100 / percent), 1 << 30);

    /// <param name="dues">As the point before recorded them.</param>
    /// <param name="roundRunCount">Within how many runs all of the disk is to be audited.</param>
    public static AuditSchedule Of(
        IReadOnlyList<AuditDue> dues, long cursorIndex, long chunkCount, int chunkSizeBytes, uint roundRunCount)
    {
        AuditSchedule schedule = new(chunkCount, roundRunCount);
        foreach (AuditDue due in dues)
        {
            long distance = (due.PositionBytes / chunkSizeBytes) - cursorIndex;
            schedule.Add(distance > 0 ? distance : distance + chunkCount, Math.Min(due.RunCount, roundRunCount));
        }

        schedule.Add(chunkCount, roundRunCount);
        return schedule;
    }

    /// <param name="counts">How many chunks there are to audit up to each of <see cref="Distances"/>.</param>
    /// <returns>How many of them to audit in this run.</returns>
    public long QuotaFor(IReadOnlyList<long> counts)
    {
        long quota = 0;
        for (int number = 0; number < dues.Count; number++)
        {
            quota = Math.Max(quota, (counts[number] + dues[number].RunCount - 1) / dues[number].RunCount);
        }

        return quota;
    }

    /// <summary>What is due after a run.</summary>
    /// <param name="passedCount">How far the run came, in chunks.</param>
    /// <param name="cursorIndex">Where it ended.</param>
    public IReadOnlyList<AuditDue> After(long passedCount, long cursorIndex, int chunkSizeBytes)
    {
        if (passedCount == chunkCount)
        {
            return [];
        }

        AuditSchedule next = new(chunkCount, roundRunCount);
        foreach ((long distance, uint runCount) in dues.Where(due => due.Distance > passedCount))
        {
            next.Add(distance - passedCount, Math.Max(1, runCount - 1));
        }

        next.Add(chunkCount, roundRunCount);
        next.Thin();
        return [.. next.dues.Select(due =>
            new AuditDue((cursorIndex + due.Distance) % chunkCount * chunkSizeBytes, due.RunCount))];
    }

    /// <summary>What is due after a run without an exact share, which counts for nothing but what it passed.</summary>
    public static IReadOnlyList<AuditDue> AfterOther(
        IReadOnlyList<AuditDue> dues, long passedCount, long cursorIndex, long chunkCount, int chunkSizeBytes) =>
        [.. dues.Where(due =>
        {
            long distance = (due.PositionBytes / chunkSizeBytes) - cursorIndex;
            return (distance > 0 ? distance : distance + chunkCount) > passedCount;
        })];

    /// <summary>Of several dues at one time only the furthest counts.</summary>
    private void Add(long distance, uint runCount)
    {
        if (dues.Count > 0 && distance <= dues[^1].Distance)
        {
            return;
        }

        if (dues.Count > 0 && dues[^1].RunCount == runCount)
        {
            dues.RemoveAt(dues.Count - 1);
        }

        dues.Add((distance, runCount));
    }

    /// <summary>A restore point holds so many: the nearest in time are taken together, at the earlier time.</summary>
    private void Thin()
    {
        while (dues.Count > FormatLimits.AuditDueCountMax)
        {
            int best = 0;
            for (int number = 1; number < dues.Count - 2; number++)
            {
                bool isNearer = dues[number + 1].RunCount - dues[number].RunCount
                    < dues[best + 1].RunCount - dues[best].RunCount;
                best = isNearer ? number : best;
            }

            dues[best] = (dues[best + 1].Distance, dues[best].RunCount);
            dues.RemoveAt(best + 1);
        }
    }
}
