using HyperVBackup.Format;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Packs;
using HyperVBackup.Repository.Maps;

namespace HyperVBackup.Repository.Sessions;

/// <summary>Map nodes and lists as a session reads them: where there is no good copy, a <see cref="CopyJudge"/> says
/// why. Thread-safe.</summary>
internal sealed class SessionNodes(INodeSource nodes, CopyJudge judge) : INodeSource
{
    public ValueTask<MapNode> ReadNodeAsync(NodeId id, byte level, RecordPlace hint, CancellationToken token) =>
        judge.SearchAsync(() => nodes.ReadNodeAsync(id, level, hint, token), token);

    public ValueTask<MapNode?[]> TryReadNodesAsync(
        byte level, ReadOnlyMemory<NodeReference> references, CancellationToken token) =>
        nodes.TryReadNodesAsync(level, references, token); // nothing to judge: what is missed is asked for again

    public async ValueTask ReadRowsAsync(
        byte level, ReadOnlyMemory<NodeReference> references, Memory<byte> rows, CancellationToken token) =>
        await judge.SearchAsync(
            async () =>
            {
                await nodes.ReadRowsAsync(level, references, rows, token);
                return true;
            },
            token);

    public ValueTask<byte[]> ReadListAsync(ListId id, RecordPlace hint, CancellationToken token) =>
        judge.SearchAsync(() => nodes.ReadListAsync(id, hint, token), token);
}
