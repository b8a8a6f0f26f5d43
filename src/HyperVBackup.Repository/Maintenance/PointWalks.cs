using HyperVBackup.Format;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Points;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Maps;
using HyperVBackup.Repository.Packs;

namespace HyperVBackup.Repository.Maintenance;

/// <summary>Walks all that restore points are made of, but for the chunks themselves: roots, maps, lists.</summary>
internal sealed class PointWalks(RecordReader records, ContentHasher hasher, DamageLog damage)
{
    public async Task WalkAsync(IEnumerable<RestorePoint> points, IPointVisitor visitor, CancellationToken token)
    {
        foreach (RestorePoint point in points)
        {
            visitor.Point = point.Id;
            await WalkAsync(point, visitor, token);
        }
    }

    private async Task WalkAsync(RestorePoint point, IPointVisitor visitor, CancellationToken token)
    {
        foreach (DiskPoint disk in point.Disks)
        {
            if (!disk.IsRootOf(hasher))
            {
                damage.Add(
                    FileNames.RestorePoint(point.Id), 0, $"the root of disk '{disk.Name}' does not fit its map",
                    point.Id);
            }

            DiskMap map = new(disk.ChunkSizeBytes, disk.VirtualSizeBytes, disk.TopNode, disk.TopPlace);
            await new DiskMapWalker(records).WalkAsync(map, visitor, token);
            foreach (ListReference list in disk.Lists)
            {
                await CheckListAsync(visitor, $"a list of disk '{disk.Name}'", list, token);
            }
        }

        foreach (ListReference file in point.ConfigurationFiles)
        {
            await CheckListAsync(visitor, "a configuration file", file, token);
        }
    }

    private async Task CheckListAsync(
        IPointVisitor visitor, string what, ListReference list, CancellationToken token)
    {
        if (list.Head.IsZero)
        {
            return; // an empty list is nowhere
        }

        ListId current = list.Head;
        try
        {
            visitor.Need(list.Place);
            byte[] head = await records.ReadListAsync(list.Head, list.Place, token);
            ListSegment[] segments = list.Kind == ListKind.ConfigurationFile ? [] : ListHead.Read(list.Kind, head);
            foreach (ListSegment segment in segments)
            {
                visitor.Need(segment.Place);
                current = segment.Id;
                await records.ReadListAsync(segment.Id, segment.Place, token);
            }
        }
        catch (CorruptDataException)
        {
            damage.AddLost(RecordType.List, current.Value);
            string file = list.Place.IsUnknown ? "maps" : list.Place.Pack.BlobName;
            damage.Add(
                file, list.Place.OffsetBytes,
                $"{what} has no good copy (the disks restore without it)", visitor.Point);
        }
    }
}
