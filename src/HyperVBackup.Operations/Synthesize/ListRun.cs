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
    public static ListRun Find(IReadOnlyList<RestorePoint> points, DiskPoint newest)
    {
        List<ListReference> lists = [];
        DiskPoint disk = newest;
        while (ParentOf(points, disk) is DiskPoint parent)
        {
            lists.AddRange(disk.Lists.Where(list => list.Kind == ListKind.Changes));
            disk = parent;
        }

        lists.Reverse();
        return new ListRun(disk, lists);
    }

    private static DiskPoint? ParentOf(IReadOnlyList<RestorePoint> points, DiskPoint disk)
    {
        RestorePoint? point = disk.Parent.IsNone ? null : points.FirstOrDefault(found => found.Id == disk.Parent);
        DiskPoint? parent = point is null ? null : DiskMatch.Find(point, disk.Identity, disk.Name);
        bool isRecorded = parent is not null
            && parent.ChunkSizeBytes == disk.ChunkSizeBytes
            && parent.VirtualSizeBytes <= disk.VirtualSizeBytes
            && disk.Lists.Any(list => list.Kind == ListKind.Changes);
        return isRecorded ? parent : null;
    }
}
