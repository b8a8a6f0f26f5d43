using HyperVBackup.Format;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Packs;

namespace HyperVBackup.Repository.Maps;

/// <summary>Where nodes and lists are read from: by the hint first, then by every other way to find them.</summary>
public interface INodeSource
{
    /// <summary>Reads a node and checks it against its id.</summary>
    /// <param name="level">The level that the node must have.</param>
    /// <param name="hint">Where it may lie; <c>default</c> where that is not known. Wrong is a miss, no error.</param>
    /// <exception cref="CorruptDataException">No good copy exists, or the node is of another level.</exception>
    ValueTask<MapNode> ReadNodeAsync(NodeId id, byte level, RecordPlace hint, CancellationToken token);

    /// <summary>Reads nodes of one level that lie where their hints say, each checked against its id; cheapest for
    /// nodes that lie side by side. Who needs one that is not there asks for it by itself.</summary>
    /// <param name="level">The level that the nodes must have.</param>
    /// <param name="nodes">Which, and where they may lie.</param>
    /// <returns>One for each; null for those that are not there, or not good there.</returns>
    ValueTask<MapNode?[]> TryReadNodesAsync(
        byte level, ReadOnlyMemory<NodeReference> nodes, CancellationToken token) =>
        ValueTask.FromResult(new MapNode?[nodes.Length]);

    /// <summary>Reads the children's ids of many nodes of one level, without their hints; cheapest for nodes that lie
    /// side by side.</summary>
    /// <param name="level">The level that the nodes must have.</param>
    /// <param name="nodes">Which, and where they may lie.</param>
    /// <param name="rows">A row of <see cref="NodeRows"/> for each.</param>
    /// <exception cref="CorruptDataException">Of one of them no good copy exists, or it is of another level.
    /// </exception>
    ValueTask ReadRowsAsync(
        byte level, ReadOnlyMemory<NodeReference> nodes, Memory<byte> rows, CancellationToken token);

    /// <summary>Reads the body of a list record and checks it against its id.</summary>
    /// <param name="hint">As for nodes.</param>
    /// <exception cref="CorruptDataException">No good copy exists.</exception>
    ValueTask<byte[]> ReadListAsync(ListId id, RecordPlace hint, CancellationToken token);
}
