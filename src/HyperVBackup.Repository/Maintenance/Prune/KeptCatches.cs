using HyperVBackup.Format.Points;

namespace HyperVBackup.Repository.Maintenance.Prune;

/// <summary>
/// Sees to it that a disk's points that stay know of each open catch of its change source. Points repeat what they
/// know of, so that is seldom a question: a backup that ran beside the one that caught the source knows nothing of it,
/// and may be the only one that a policy keeps.
/// </summary>
internal static class KeptCatches
{
    /// <summary>Lets the newest point stay that names an open catch of a disk, where no point that stays names it, and
    /// one has the disk.</summary>
    /// <param name="decisions">Of one VM, oldest first; changed in place.</param>
    public static void Keep(List<PruneDecision> decisions)
    {
        HashSet<SourceCatch> ended = [.. decisions.SelectMany(decision => decision.Point.Disks)
            .SelectMany(disk => disk.Audit.EndedCatches)];
        for (int index = decisions.Count - 1; index >= 0; index--)
        {
            PruneDecision decision = decisions[index];
            DiskPoint? unknown = decision.Goes
                ? decision.Point.Disks.FirstOrDefault(disk => IsUnknown(disk, ended, decisions))
                : null;
            if (unknown is not null)
            {
                PruneReason reason = new(PruneReasonKind.OpenCatch, Disk: unknown.Name);
                decisions[index] = new PruneDecision(decision.Point, Goes: false, [reason]);
            }
        }
    }

    /// <summary>Whether the disk names an open catch that its points that stay know nothing of.</summary>
    private static bool IsUnknown(DiskPoint disk, HashSet<SourceCatch> ended, List<PruneDecision> decisions)
    {
        if (disk.Audit.OpenCatches.All(ended.Contains))
        {
            return false;
        }

        DiskPoint[] staying =
            [.. decisions.Where(decision => !decision.Goes).SelectMany(decision => decision.Point.Disks)];
        HashSet<SourceCatch> known = [.. staying.SelectMany(other => other.Audit.OpenCatches)];
        return staying.Any(other => IsSame(other, disk))
            && disk.Audit.OpenCatches.Any(open => !ended.Contains(open) && !known.Contains(open));
    }

    private static bool IsSame(DiskPoint left, DiskPoint right) =>
        (left.Identity.Length > 0 && left.Identity == right.Identity)
        || string.Equals(left.Name, right.Name, StringComparison.OrdinalIgnoreCase);
}
