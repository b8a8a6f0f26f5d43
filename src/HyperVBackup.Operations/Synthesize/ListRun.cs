using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Backup;

namespace HyperVBackup.Operations.Synthesize;

/// <summary>An unbroken run of change lists that leads from an ancestor's disk to the newest point's.</summary>
/// <param name="Ancestor">The disk whose map the lists are folded over.</param>
/// <param name="Lists">Oldest first; points in which nothing changed have none.</param>
internal sealed record ListRun(DiskPoint Ancestor, IReadOnlyList<ListReference> Lists)
{
    /// <summary>Follows parents back as far as lists go: until a full, a point that is gone, or a disk that shrank.
    /// </summary>
    /// <param name="points">The VM's points.</param>
    /// <param name="newestPoint">Where <paramref name="newest"/> stands.</param>
    public static ListRun Find(IReadOnlyList<RestorePoint> points, RestorePoint newestPoint, DiskPoint newest)
    {
        List<ListReference> lists = [];
        (RestorePoint point, DiskPoint disk) = (newestPoint, newest);
        while (ParentOf(points, point, disk) is (RestorePoint, DiskPoint) parent)
        {
            lists.AddRange(disk.Lists.Where(list => list.Kind == ListKind.Changes));
            (point, disk) = parent;
        }

        lists.Reverse();
        return new ListRun(disk, lists);
    }

    private static (RestorePoint Point, DiskPoint Disk)? ParentOf(
        IReadOnlyList<RestorePoint> points, RestorePoint own, DiskPoint disk)
    {
        RestorePoint? point = disk.Parent.IsNone ? null : points.FirstOrDefault(found => found.Id == disk.Parent);
        DiskPoint? parent = point is null ? null : DiskMatch.Find(point, own, disk);
        bool isRecorded = parent is not null
            && parent.ChunkSizeBytes == disk.ChunkSizeBytes
            && parent.VirtualSizeBytes <= disk.VirtualSizeBytes
            && disk.Lists.Any(list => list.Kind == ListKind.Changes);
        return isRecorded ? (point!, parent!) : null;
    }
}
