using HyperVBackup.Format;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Packs;
using HyperVBackup.Repository.Maps;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maps;

/// <summary>Keeps nodes and lists in memory, checks each use, and counts reads.</summary>
internal sealed class MemoryMaps : INodeSource, IMapSink
{
    private static readonly SessionId Session = new("session of maps."u8);
    private readonly Dictionary<NodeId, MapNode> nodes = [];
    private readonly Dictionary<ListId, byte[]> lists = [];
    private readonly Dictionary<Digest, RecordPlace> places = [];

    public HashSet<NodeId> Damaged { get; } = [];

    public int NodeReadCount { get; set; }

    /// <summary>Times that nodes were read together.</summary>
    public int BatchReadCount { get; set; }

    public int NodeWriteCount { get; set; }

    public int ListReadCount { get; set; }

    public int NodeCount => nodes.Count;

    public int ListCount => lists.Count;

    public int LongestList => lists.Values.Max(body => body.Length);

    public ValueTask<MapNode> ReadNodeAsync(NodeId id, byte level, RecordPlace hint, CancellationToken token)
    {
        NodeReadCount++;
        Assert.False(id.IsZero, "zero nodes are never read");
        Corrupt.Unless(!Damaged.Contains(id), "damaged");
        MapNode node = nodes[id];
        Assert.Equal(node.Level, level);
        Assert.Equal(places[id.Value], hint);
        return ValueTask.FromResult(node);
    }

    public async ValueTask<MapNode?[]> TryReadNodesAsync(
        byte level, ReadOnlyMemory<NodeReference> nodes, CancellationToken token)
    {
        BatchReadCount++;
        MapNode?[] read = new MapNode?[nodes.Length];
        for (int position = 0; position < read.Length; position++)
        {
            NodeReference node = nodes.Span[position];
            read[position] = Damaged.Contains(node.Id) ? null : await ReadNodeAsync(node.Id, level, node.Place, token);
        }

        return read;
    }

    public async ValueTask ReadRowsAsync(
        byte level, ReadOnlyMemory<NodeReference> nodes, Memory<byte> rows, CancellationToken token)
    {
        for (int position = 0; position < nodes.Length; position++)
        {
            NodeReference reference = nodes.Span[position];
            MapNode node = await ReadNodeAsync(reference.Id, level, reference.Place, token);
            NodeRows.Write(node, rows.Span[(position * NodeRows.SizeBytes)..]);
        }
    }

    public ValueTask<byte[]> ReadListAsync(ListId id, RecordPlace hint, CancellationToken token)
    {
        ListReadCount++;
        Assert.Equal(places[id.Value], hint);
        return ValueTask.FromResult(lists[id]);
    }

    public ValueTask<RecordPlace> WriteNodeAsync(NodeId id, MapNode node, CancellationToken token)
    {
        NodeWriteCount++;
        nodes[id] = node;
        return ValueTask.FromResult(PlaceOf(id.Value));
    }

    public ValueTask<RecordPlace> WriteListAsync(ListId id, ReadOnlyMemory<byte> body, CancellationToken token)
    {
        lists[id] = body.ToArray();
        return ValueTask.FromResult(PlaceOf(id.Value));
    }

    public void ResetCounts() => (NodeReadCount, NodeWriteCount, ListReadCount) = (0, 0, 0);

    private RecordPlace PlaceOf(Digest id)
    {
        if (!places.TryGetValue(id, out RecordPlace place))
        {
            place = new RecordPlace(new PackName(PackKind.Maps, Session, 7), (uint)(places.Count + 2) * 100, 100);
            places.Add(id, place);
        }

        return place;
    }
}
