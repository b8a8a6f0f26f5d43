using HyperVBackup.Format;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Packs;

namespace HyperVBackup.Repository.Maps;

/// <summary>
/// Looks chunks up in a disk's map. Best for ascending access, where it reads each node once, and the leaves of a node
/// together; for any other order it keeps the last few nodes of each level. Memory is O(height). Not thread-safe: one
/// reader for each loop.
/// </summary>
/// <param name="map">The map to read.</param>
/// <param name="nodes">Holds its nodes.</param>
public sealed class DiskMapReader(DiskMap map, INodeSource nodes)
{
    private const int NodesPerLevel = 16;

    private readonly int height = map.Height;
    private readonly CachedNode[] cache = new CachedNode[map.Height * NodesPerLevel];
    private MapRegion current;

    /// <summary>The map that this reads.</summary>
    public DiskMap Map { get; } = map;

    /// <summary>What the map says of one chunk.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Past the end of the disk.</exception>
    /// <exception cref="CorruptDataException">A node cannot be read.</exception>
    public ValueTask<MapChunk> FindAsync(long chunkIndex, CancellationToken token)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(chunkIndex);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(chunkIndex, Map.ChunkCount);
        return current.Covers(chunkIndex)
            ? ValueTask.FromResult(ChunkOf(current, chunkIndex))
            : FindElsewhereAsync(chunkIndex, token);
    }

    /// <summary>Fills <paramref name="chunks"/> with consecutive chunks from <paramref name="firstChunk"/> on.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Some of them lie past the end of the disk.</exception>
    /// <exception cref="CorruptDataException">A node cannot be read.</exception>
    public async ValueTask ReadAsync(long firstChunk, Memory<MapChunk> chunks, CancellationToken token)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(firstChunk);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(chunks.Length, Map.ChunkCount - firstChunk);
        long chunkIndex = firstChunk;
        while (!chunks.IsEmpty)
        {
            MapRegion region = await RegionAtAsync(chunkIndex, token);
            int count = (int)Math.Min(chunks.Length, region.EndChunk - chunkIndex);
            Fill(region, chunkIndex, chunks.Span[..count]);
            chunks = chunks[count..];
            chunkIndex += count;
        }
    }

    /// <summary>The region that decides a chunk.</summary>
    internal ValueTask<MapRegion> RegionAtAsync(long chunkIndex, CancellationToken token) =>
        current.Covers(chunkIndex) ? ValueTask.FromResult(current) : DescendAsync(chunkIndex, token);

    private static void Fill(MapRegion region, long chunkIndex, Span<MapChunk> chunks)
    {
        if (region.Leaf is null)
        {
            chunks.Clear();
            return;
        }

        foreach (ref MapChunk chunk in chunks)
        {
            chunk = ChunkOf(region, chunkIndex++);
        }
    }

    internal static MapChunk ChunkOf(MapRegion region, long chunkIndex)
    {
        if (region.Leaf is null)
        {
            return default;
        }

        ChildReference chunk = ChildReference.Of(region.Leaf, TreeShape.SlotOf(chunkIndex, 1));
        return new MapChunk(new ChunkId(chunk.Id), chunk.Place);
    }

    private async ValueTask<MapChunk> FindElsewhereAsync(long chunkIndex, CancellationToken token) =>
        ChunkOf(await DescendAsync(chunkIndex, token), chunkIndex);

    private async ValueTask<MapRegion> DescendAsync(long chunkIndex, CancellationToken token)
    {
        int level = LowestCachedLevel(chunkIndex);
        MapNode? node = level <= height ? CacheAt(chunkIndex, level).Node : null;
        while (level > 1)
        {
            ChildReference child = node is null
                ? Map.TopReference
                : ChildReference.Of(node, TreeShape.SlotOf(chunkIndex, level));
            level--;
            if (child.IsZero)
            {
                return current = RegionOf(chunkIndex, level, null);
            }

            bool goesOn = level == 1 && node is not null && chunkIndex == current.EndChunk;
            node = goesOn ? await TryReadLeavesAsync(node!, chunkIndex, token) : null;
            node ??= await nodes.ReadNodeAsync(new NodeId(child.Id), (byte)level, child.Place, token);
            CacheAt(chunkIndex, level) = new CachedNode(TreeShape.NodeIndexOf(chunkIndex, level), node);
        }

        return current = RegionOf(chunkIndex, 1, node);
    }

    /// <summary>Reads a chunk's leaf and those that follow it below the same node; who reads on will ask for them next.
    /// </summary>
    /// <returns>The chunk's leaf; null where it is to be looked for.</returns>
    private async ValueTask<MapNode?> TryReadLeavesAsync(MapNode parent, long chunkIndex, CancellationToken token)
    {
        int first = TreeShape.SlotOf(chunkIndex, 2);
        List<int> slots = [.. Enumerable.Range(first, TreeShape.FanOut - first)
            .Where(slot => !ChildReference.Of(parent, slot).IsZero)];
        NodeReference[] references = [.. slots.Select(
            slot => new NodeReference(new NodeId(parent.GetChild(slot)), parent.GetPlace(slot)))];
        MapNode?[] leaves = await nodes.TryReadNodesAsync(1, references, token);
        long firstLeaf = TreeShape.NodeIndexOf(chunkIndex, 1) - first;
        for (int position = 0; position < leaves.Length; position++)
        {
            cache[slots[position] % NodesPerLevel] = new CachedNode(firstLeaf + slots[position], leaves[position]);
        }

        return leaves[0];
    }

    private static MapRegion RegionOf(long chunkIndex, int level, MapNode? leaf)
    {
        long start = TreeShape.NodeIndexOf(chunkIndex, level) * TreeShape.SpanOf(level);
        return new MapRegion(start, start + TreeShape.SpanOf(level), leaf);
    }

    /// <summary>The level of the lowest node on a chunk's path that is at hand; one above the top where none is.
    /// </summary>
    private int LowestCachedLevel(long chunkIndex)
    {
        int level = 1;
        while (level <= height && !CacheAt(chunkIndex, level).Is(TreeShape.NodeIndexOf(chunkIndex, level)))
        {
            level++;
        }

        return level;
    }

    private ref CachedNode CacheAt(long chunkIndex, int level)
    {
        long index = TreeShape.NodeIndexOf(chunkIndex, level);
        return ref cache[((level - 1) * NodesPerLevel) + (int)(index % NodesPerLevel)];
    }

    private readonly record struct CachedNode(long Index, MapNode? Node)
    {
        public bool Is(long index) => Node is not null && Index == index;
    }
}
