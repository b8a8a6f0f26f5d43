using HyperVBackup.Format;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Packs;

namespace HyperVBackup.Repository.Maps;

/// <summary>The map of a disk that grew since, at the height it has now: the nodes above its old top, each with one
/// child, are here; all others where they were. Thread-safe.</summary>
internal sealed class LiftedNodes : INodeSource
{
    private readonly INodeSource nodes;
    private readonly Dictionary<NodeId, MapNode> lifted = [];

    /// <param name="map">As it was.</param>
    /// <param name="virtualSizeBytes">The disk's size now, not less than it was.</param>
    /// <param name="nodes">Holds the map's nodes.</param>
    public LiftedNodes(DiskMap map, long virtualSizeBytes, INodeSource nodes, ContentHasher hasher)
    {
        this.nodes = nodes;
        int height = (map with { VirtualSizeBytes = virtualSizeBytes }).Height;
        ChildReference top = map.TopReference;
        for (int level = map.Height + 1; level <= height && !top.IsZero; level++)
        {
            MapNode node = new(level);
            node.SetChild(0, top.Id, top.Place);
            NodeId id = node.IdOf(hasher);
            lifted.Add(id, node);
            top = new ChildReference(id.Value, default);
        }

        Map = new DiskMap(map.ChunkSizeBytes, virtualSizeBytes, new NodeId(top.Id), top.Place);
    }

    public DiskMap Map { get; }

    public ValueTask<MapNode> ReadNodeAsync(NodeId id, byte level, RecordPlace hint, CancellationToken token) =>
        lifted.TryGetValue(id, out MapNode? node)
            ? ValueTask.FromResult(node)
            : nodes.ReadNodeAsync(id, level, hint, token);

    public ValueTask<MapNode?[]> TryReadNodesAsync(
        byte level, ReadOnlyMemory<NodeReference> references, CancellationToken token) =>
        nodes.TryReadNodesAsync(level, references, token);

    public ValueTask ReadRowsAsync(
        byte level, ReadOnlyMemory<NodeReference> references, Memory<byte> rows, CancellationToken token) =>
        nodes.ReadRowsAsync(level, references, rows, token);

    public ValueTask<byte[]> ReadListAsync(ListId id, RecordPlace hint, CancellationToken token) =>
        nodes.ReadListAsync(id, hint, token);
}
