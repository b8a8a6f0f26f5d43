using HyperVBackup.Format;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maps;

namespace HyperVBackup.Repository.Maintenance.Explain;

/// <summary>
/// Looks through the maps of restore points for targets. Nodes under which there is none are remembered, up to a count,
/// so that what points share is read once. Not thread-safe.
/// </summary>
/// <param name="searchesLists">Whether targets may be lists.</param>
/// <param name="rememberedCountMax">Of nodes.</param>
internal sealed class PointSearch(
    INodeSource nodes, RecordTargets targets, bool searchesLists, int rememberedCountMax)
{
    private readonly HashSet<NodeId> without = [];
    private readonly HashSet<int> seen = [];
    private FoundRanges ranges = new();
    private int point;
    private long takingChunkCount;
    private int unreadableCount;

    /// <param name="number">Of the point, from 0.</param>
    /// <param name="isPruned">Then it needs nothing for long.</param>
    /// <returns>Null where it needs no target and all of it could be read. What it alone needs is only known when all
    /// points were looked through.</returns>
    public async Task<PointUse?> TryFindAsync(
        RestorePoint searched, int number, bool isPruned, CancellationToken token)
    {
        seen.Clear();
        (point, unreadableCount) = (isPruned ? RecordTargets.Nobody : number, 0);
        List<DiskUse> disks = [];
        int listCount = 0;
        foreach (DiskPoint disk in searched.Disks)
        {
            (ranges, takingChunkCount) = (new FoundRanges(), 0);
            DiskMap map = DiskMap.Of(disk);
            await SearchAsync(map, map.TopReference, map.Height, 0, token);
            if (ranges.Count > 0)
            {
                disks.Add(new DiskUse(disk.Name, ranges.Kept, ranges.Count, takingChunkCount));
            }

            listCount += searchesLists ? await CountListsAsync(disk.Lists, token) : 0;
        }

        listCount += searchesLists ? await CountListsAsync(searched.ConfigurationFiles, token) : 0;
        return disks.Count + listCount + unreadableCount == 0
            ? null
            : new PointUse(searched, isPruned, disks, listCount, seen.Count, 0, unreadableCount);
    }

    /// <returns>Whether a target lies there, or what does lie there is not known.</returns>
    private async ValueTask<bool> SearchAsync(
        DiskMap map, ChildReference reference, int level, long index, CancellationToken token)
    {
        if (reference.IsZero || without.Contains(new NodeId(reference.Id)))
        {
            return false;
        }

        bool isHit = Note(map, reference.Id, level, index);
        MapNode? node = await TryReadAsync(reference, level, token);
        for (int slot = 0; slot < TreeShape.FanOut && node is not null; slot++)
        {
            ChildReference child = ChildReference.Of(node, slot);
            long childIndex = (index * TreeShape.FanOut) + slot;
            isHit |= level == 1
                ? !child.IsZero && Note(map, child.Id, 0, childIndex)
                : await SearchAsync(map, child, level - 1, childIndex, token);
        }

        if (!isHit && node is not null && without.Count < rememberedCountMax)
        {
            without.Add(new NodeId(reference.Id));
        }

        return isHit || node is null;
    }

    private async ValueTask<MapNode?> TryReadAsync(ChildReference reference, int level, CancellationToken token)
    {
        try
        {
            return await nodes.ReadNodeAsync(new NodeId(reference.Id), (byte)level, reference.Place, token);
        }
        catch (CorruptDataException)
        {
            unreadableCount++;
            return null;
        }
    }

    /// <returns>Whether it is a target, or takes pages from one.</returns>
    private bool Note(DiskMap map, Digest id, int level, long index)
    {
        if (!targets.IsHit(id, out bool isItself))
        {
            return false;
        }

        long startBytes = index * TreeShape.SpanOf(level) * map.ChunkSizeBytes;
        long endBytes = startBytes + (TreeShape.SpanOf(level) * map.ChunkSizeBytes);
        ranges.Add(startBytes, Math.Min(endBytes, map.VirtualSizeBytes));
        takingChunkCount += isItself ? 0 : 1;
        targets.Note(id, point, seen);
        return true;
    }

    private async ValueTask<int> CountListsAsync(IEnumerable<ListReference> lists, CancellationToken token)
    {
        int count = 0;
        foreach (ListReference list in lists.Where(list => !list.Head.IsZero))
        {
            bool isHit = Note(list.Head.Value);
            try
            {
                ListSegments segments = new(list, nodes);
                while (list.Kind != ListKind.ConfigurationFile && await segments.MoveNextAsync(token))
                {
                    isHit |= Note(segments.Current.Id.Value);
                }
            }
            catch (CorruptDataException)
            {
                unreadableCount++;
            }

            count += isHit ? 1 : 0;
        }

        return count;
    }

    private bool Note(Digest list)
    {
        bool isHit = targets.Contains(list);
        if (isHit)
        {
            targets.Note(list, point, seen);
        }

        return isHit;
    }
}
