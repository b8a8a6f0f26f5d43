using HyperVBackup.Format;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maps;

namespace HyperVBackup.Repository.Maintenance;

/// <summary>
/// Says of lost chunks and nodes which points and disk ranges they cost. Nodes below which nothing is lost are
/// remembered, so that what points share is read once; others are gone through for each point and place. One thread at
/// a time.
/// </summary>
/// <param name="lost">Chunks without a good copy, and what is to blame for each.</param>
/// <param name="walk">Words the loss of a node.</param>
internal sealed class LossSearch(
    INodeSource nodes, Dictionary<ChunkId, List<Fault>> lost, DamageLog damage, PointWalk walk)
{
    private readonly HashSet<NodeId> sound = [];

    public async Task RunAsync(IEnumerable<RestorePoint> points, CancellationToken token)
    {
        foreach (RestorePoint point in points)
        {
            walk.Point = point.Id;
            foreach (DiskPoint disk in point.Disks)
            {
                DiskMap map = DiskMap.Of(disk);
                await IsSoundAsync(point.Id, disk.Name, map, map.TopReference, map.Height, 0, token);
            }
        }
    }

    /// <returns>Whether nothing below the node is lost.</returns>
    private async ValueTask<bool> IsSoundAsync(
        SessionId point, string disk, DiskMap map, ChildReference reference, int level, long index,
        CancellationToken token)
    {
        NodeId id = new(reference.Id);
        if (reference.IsZero || sound.Contains(id))
        {
            return true;
        }

        (long startBytes, long endBytes) = RangeOf(map, level, index);
        if (await TryReadAsync(new MapPart(id, (byte)level, reference.Place, startBytes, endBytes), token)
            is not MapNode node)
        {
            (string file, long offsetBytes) = PointWalk.BlamedFor(reference.Place);
            damage.AddRange(file, offsetBytes, point, disk, startBytes, endBytes);
            return false;
        }

        bool isSound = true;
        for (int slot = 0; slot < TreeShape.FanOut; slot++)
        {
            ChildReference child = ChildReference.Of(node, slot);
            long childIndex = (index * TreeShape.FanOut) + slot;
            isSound &= level == 1
                ? IsSound(point, disk, map, child, childIndex)
                : await IsSoundAsync(point, disk, map, child, level - 1, childIndex, token);
        }

        _ = isSound && sound.Add(id);
        return isSound;
    }

    private bool IsSound(SessionId point, string disk, DiskMap map, ChildReference chunk, long index)
    {
        if (chunk.IsZero || !lost.TryGetValue(new ChunkId(chunk.Id), out List<Fault>? faults))
        {
            return true;
        }

        (long startBytes, long endBytes) = RangeOf(map, 0, index);
        foreach (Fault fault in faults)
        {
            damage.Add(fault.File, fault.OffsetBytes, fault.What, point);
            damage.AddRange(fault.File, fault.OffsetBytes, point, disk, startBytes, endBytes);
        }

        return false;
    }

    private async ValueTask<MapNode?> TryReadAsync(MapPart part, CancellationToken token)
    {
        try
        {
            return await nodes.ReadNodeAsync(part.Id, part.Level, part.Place, token);
        }
        catch (CorruptDataException complaint)
        {
            await walk.ReportDamageAsync(part, complaint, token);
            return null;
        }
    }

    private static (long StartBytes, long EndBytes) RangeOf(DiskMap map, int level, long index)
    {
        long lengthBytes = TreeShape.SpanOf(level) * map.ChunkSizeBytes;
        return (index * lengthBytes, Math.Min((index + 1) * lengthBytes, map.VirtualSizeBytes));
    }
}
