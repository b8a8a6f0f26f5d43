using HyperVBackup.Format;
using HyperVBackup.Format.Maps;

namespace HyperVBackup.Repository.Maps;

/// <summary>
/// Visits the nodes and chunks of a disk's map, depth first and ascending. The visitor says which nodes it has seen, so
/// that many maps that share nodes cost each node once. Goes on past damage. Memory is O(height). Thread-safe.
/// </summary>
/// <param name="nodes">Holds the nodes.</param>
public sealed class DiskMapWalker(INodeSource nodes)
{
    /// <summary>Visits all of one map.</summary>
    public async Task WalkAsync(DiskMap map, IMapVisitor visitor, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(visitor);
        if (!map.Top.IsZero)
        {
            await WalkAsync(map, PartOf(map, map.TopReference, map.Height, 0), 0, visitor, token);
        }
    }

    private static MapPart PartOf(DiskMap map, ChildReference node, int level, long index)
    {
        long lengthBytes = TreeShape.SpanOf(level) * map.ChunkSizeBytes;
        long startBytes = index * lengthBytes;
        long endBytes = Math.Min(startBytes + lengthBytes, map.VirtualSizeBytes);
        return new MapPart(new NodeId(node.Id), (byte)level, node.Place, startBytes, endBytes);
    }

    private async ValueTask WalkAsync(
        DiskMap map, MapPart part, long index, IMapVisitor visitor, CancellationToken token)
    {
        if (!visitor.Enter(part) || await ReadAsync(part, visitor, token) is not { } node)
        {
            return;
        }

        await visitor.VisitNodeAsync(part, node, token);
        for (int slot = 0; slot < TreeShape.FanOut; slot++)
        {
            ChildReference child = ChildReference.Of(node, slot);
            long childIndex = (index * TreeShape.FanOut) + slot;
            if (child.IsZero)
            {
                continue;
            }

            await (part.Level == 1
                ? visitor.VisitChunkAsync(childIndex, new MapChunk(new ChunkId(child.Id), child.Place), token)
                : WalkAsync(map, PartOf(map, child, part.Level - 1, childIndex), childIndex, visitor, token));
        }
    }

    private async ValueTask<MapNode?> ReadAsync(MapPart part, IMapVisitor visitor, CancellationToken token)
    {
        try
        {
            return await nodes.ReadNodeAsync(part.Id, part.Level, part.Place, token);
        }
        catch (CorruptDataException damage)
        {
            await visitor.ReportDamageAsync(part, damage, token);
            return null;
        }
    }
}
