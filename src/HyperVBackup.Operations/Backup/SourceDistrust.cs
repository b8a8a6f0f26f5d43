using HyperVBackup.Format.Points;

namespace HyperVBackup.Operations.Backup;

/// <summary>
/// Whether a disk's change source is believed, from the disk's restore points: any host sees it, whatever became of
/// another's state. A point that caught the source counts until a later one (by sequence: one that knew of it) has
/// found the source right by a full comparison. Every point after that one repeats it, so that it may be pruned.
/// </summary>
internal static class SourceDistrust
{
    public const string Reason =
        "the change source was caught by an audit before, and no full comparison has found it right since";

    /// <param name="candidates">The disk in the VM's points, in any order.</param>
    public static SourceTrust Of(IEnumerable<(RestorePoint Point, DiskPoint Disk)> candidates)
    {
        long caughtAt = 0;
        long restoredAt = 0;
        foreach ((RestorePoint point, DiskPoint disk) in candidates)
        {
            switch (disk.Audit.Trust)
            {
                case SourceTrust.Distrusted:
                    caughtAt = Math.Max(caughtAt, point.Sequence);
                    break;
                case SourceTrust.Restored:
                    restoredAt = Math.Max(restoredAt, point.Sequence);
                    break;
                default:
                    break;
            }
        }

        return (caughtAt, restoredAt) switch
        {
            (0, 0) => SourceTrust.Undoubted,
            _ => caughtAt >= restoredAt ? SourceTrust.Distrusted : SourceTrust.Restored,
        };
    }
}
