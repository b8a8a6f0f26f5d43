using HyperVBackup.Format;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Packs;

namespace HyperVBackup.Repository.Maps;

/// <summary>Where new nodes and lists are stored: the map packs of a session. It may give the place of an equal record
/// that it stored before.</summary>
public interface IMapSink
{
    /// <summary>Stores a node with the hints it carries, and says where.</summary>
    ValueTask<RecordPlace> WriteNodeAsync(NodeId id, MapNode node, CancellationToken token);

    /// <summary>Stores the body of a list, and says where.</summary>
    ValueTask<RecordPlace> WriteListAsync(ListId id, ReadOnlyMemory<byte> body, CancellationToken token);
}
