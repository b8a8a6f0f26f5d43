using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Points;

namespace HyperVBackup.Operations.Backup;

/// <summary>Where a disk's audits stand, as restore points record it.</summary>
/// <param name="CursorBytes">Where the next audit goes on.</param>
/// <param name="ChunksNonZero">Chunks of the disk that are not all zeros.</param>
/// <param name="Dues">As in <see cref="DiskAudit.Dues"/>.</param>
internal readonly record struct AuditState(long CursorBytes, long ChunksNonZero, IReadOnlyList<AuditDue> Dues)
{
    /// <summary>Before the first audit.</summary>
    public static AuditState None { get; } = new(0, 0, []);

    /// <summary>
    /// What the next audit goes on from: the newest of the parent and of what was made later of the parent, of another
    /// point of its root, or of one that is gone. Without those, a source that starts from one point again and again
    /// would have the same part audited each time, and a synthetic full in that point's place would begin anew.
    /// </summary>
    /// <param name="candidates">The disk in the VM's points, oldest first.</param>
    public static AuditState After(
        IReadOnlyList<(RestorePoint Point, DiskPoint Disk)> candidates, RestorePoint parentPoint, DiskPoint parent)
    {
        Dictionary<SessionId, DiskRoot> roots =
            candidates.ToDictionary(candidate => candidate.Point.Id, candidate => candidate.Disk.Root);
        DiskPoint last = parent;
        foreach ((RestorePoint point, DiskPoint disk) in candidates)
        {
            bool isOfSame = !disk.Parent.IsNone
                && (!roots.TryGetValue(disk.Parent, out DiskRoot root) || root == parent.Root);
            if (isOfSame && PointOrder.Compare(point, parentPoint) > 0
                && disk.VirtualSizeBytes == parent.VirtualSizeBytes && disk.ChunkSizeBytes == parent.ChunkSizeBytes)
            {
                last = disk;
            }
        }

        return new AuditState(last.Statistics.AuditCursorBytes, parent.Statistics.ChunksNonZero, last.Audit.Dues);
    }
}
