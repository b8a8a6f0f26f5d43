using HyperVBackup.Format;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Packs;

namespace HyperVBackup.Repository.Maps;

/// <summary>
/// Makes a disk's map from its parent's: chunks are set in ascending order, everything else is inherited. A node
/// that no change touches is never read, and one that comes out as it was is not written. The result depends only on
/// the chunk ids: the parent decides the work, never the root.
/// </summary>
/// <remarks>
/// One node per level is open, on the path to the chunk that was set last; the nodes to the left of that path are
/// final, those to the right are the parent's. So memory is O(height). Not thread-safe; useless after an exception.
/// </remarks>
public sealed class DiskMapWriter
{
    private readonly DiskMap parent;
    private readonly INodeSource nodes;
    private readonly IMapSink? sink;
    private readonly ContentHasher hasher;
    private readonly long chunkCount;
    private readonly OpenNode[] open;
    private ChildReference top;
    private int lowestOpen;
    private long nextChunkIndex;
    private bool isStarted;
    private DiskMap? result;

    /// <param name="parent">What to inherit from; <see cref="DiskMap.Empty"/> for nothing. It may be of another size:
    /// a disk that grew has zeros in the new part, one that shrank loses what lay past its end.</param>
    /// <param name="virtualSizeBytes">The disk's size now.</param>
    /// <param name="nodes">Holds the parent's nodes.</param>
    /// <param name="sink">Takes the new nodes; null to compute the root and store nothing.</param>
    public DiskMapWriter(
        DiskMap parent, long virtualSizeBytes, INodeSource nodes, IMapSink? sink, ContentHasher hasher)
    {
        ArgumentNullException.ThrowIfNull(nodes);
        ArgumentNullException.ThrowIfNull(hasher);
        (this.parent, this.nodes, this.sink, this.hasher) = (parent, nodes, sink, hasher);
        DiskMap empty = DiskMap.Empty(parent.ChunkSizeBytes, virtualSizeBytes);
        chunkCount = empty.ChunkCount;
        open = new OpenNode[empty.Height];
        for (int level = 1; level <= open.Length; level++)
        {
            open[level - 1] = new OpenNode((byte)level);
        }

        (top, lowestOpen) = (default, Height + 1);
        VirtualSizeBytes = virtualSizeBytes;
    }

    /// <summary>The size of the disk whose map this makes.</summary>
    public long VirtualSizeBytes { get; }

    private int Height => open.Length;

    /// <summary>Sets a chunk. Completes at once unless the chunk lies in another node of level 1 than the last.
    /// </summary>
    /// <param name="chunkIndex">More than that of the chunk set before.</param>
    /// <param name="id">The chunk's id now; it may be the one it had.</param>
    /// <param name="place">Where its record may lie; <c>default</c> where that is not known.</param>
    /// <exception cref="ArgumentOutOfRangeException">Out of order, or past the end of the disk.</exception>
    /// <exception cref="CorruptDataException">A node of the parent cannot be read.</exception>
    public ValueTask SetAsync(long chunkIndex, ChunkId id, RecordPlace place, CancellationToken token)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(chunkIndex, nextChunkIndex);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(chunkIndex, chunkCount);
        nextChunkIndex = chunkIndex + 1;
        var chunk = new ChildReference(id.Value, place);
        if (lowestOpen == 1 && open[0].Covers(chunkIndex))
        {
            open[0].Set(chunkIndex, chunk);
            return ValueTask.CompletedTask;
        }

        return SetElsewhereAsync(chunkIndex, chunk, token);
    }

    /// <summary>Closes every node and gives the map. Nothing can be set afterwards.</summary>
    /// <exception cref="CorruptDataException">A node of the parent cannot be read.</exception>
    public async Task<DiskMap> FinishAsync(CancellationToken token)
    {
        if (result is null)
        {
            await StartAsync(token);
            await TrimAsync(token);
            while (lowestOpen <= Height)
            {
                await CloseLowestAsync(token);
            }

            nextChunkIndex = chunkCount;
            result = new DiskMap(parent.ChunkSizeBytes, VirtualSizeBytes, new NodeId(top.Id), top.Place);
        }

        return result.Value;
    }

    private async ValueTask SetElsewhereAsync(long chunkIndex, ChildReference chunk, CancellationToken token)
    {
        await StartAsync(token);
        await MoveToAsync(chunkIndex, 1, token);
        open[0].Set(chunkIndex, chunk);
    }

    /// <summary>Fits the parent's top to the new height: down along the first children, or up with new nodes above.
    /// </summary>
    private async ValueTask StartAsync(CancellationToken token)
    {
        if (isStarted || chunkCount == 0)
        {
            return;
        }

        isStarted = true;
        top = parent.TopReference;
        int topLevel = parent.Height;
        for (; topLevel > Height && !top.IsZero; topLevel--)
        {
            MapNode node = await ReadAsync(top, topLevel, token);
            top = ChildReference.Of(node, 0);
        }

        if (topLevel < Height && !top.IsZero)
        {
            OpenAbove(topLevel);
        }
    }

    private void OpenAbove(int topLevel)
    {
        for (lowestOpen = Height + 1; lowestOpen > topLevel + 1; lowestOpen--)
        {
            open[lowestOpen - 2].Open(0);
        }

        open[topLevel].Set(0, top);
        top = default;
    }

    /// <summary>Opens what reaches past the end of a disk that shrank; opening trims.</summary>
    private async ValueTask TrimAsync(CancellationToken token)
    {
        if (parent.ChunkCount <= chunkCount || chunkCount == 0)
        {
            return;
        }

        int level = 1;
        while (level <= Height && chunkCount % TreeShape.SpanOf(level) == 0)
        {
            level++;
        }

        if (level <= Height)
        {
            await MoveToAsync(chunkCount - 1, level, token);
        }
    }

    /// <summary>Closes nodes until an open one covers the chunk, then opens its path down to a level.</summary>
    private async ValueTask MoveToAsync(long chunkIndex, int level, CancellationToken token)
    {
        while (lowestOpen <= Height && !open[lowestOpen - 1].Covers(chunkIndex))
        {
            await CloseLowestAsync(token);
        }

        while (lowestOpen > level)
        {
            await OpenBelowAsync(chunkIndex, token);
        }
    }

    private async ValueTask OpenBelowAsync(long chunkIndex, CancellationToken token)
    {
        ChildReference reference = lowestOpen > Height ? top : open[lowestOpen - 1].ChildOf(chunkIndex);
        OpenNode node = open[lowestOpen - 2];
        long index = TreeShape.NodeIndexOf(chunkIndex, node.Level);
        if (reference.IsZero)
        {
            node.Open(index);
        }
        else
        {
            node.Open(index, reference, await ReadAsync(reference, node.Level, token));
            node.Trim(chunkCount);
        }

        lowestOpen--;
    }

    private async ValueTask CloseLowestAsync(CancellationToken token)
    {
        OpenNode node = open[lowestOpen - 1];
        ChildReference reference = node.IsChanged ? await StoreAsync(node, token) : node.Original;
        if (lowestOpen == Height)
        {
            top = reference;
        }
        else
        {
            open[lowestOpen].Set(node.Index * TreeShape.SpanOf(node.Level), reference);
        }

        lowestOpen++;
    }

    private async ValueTask<ChildReference> StoreAsync(OpenNode node, CancellationToken token)
    {
        if (node.Build() is not { } built)
        {
            return default;
        }

        NodeId id = built.IdOf(hasher);
        RecordPlace place = sink is null ? default : await sink.WriteNodeAsync(id, built, token);
        return new ChildReference(id.Value, place);
    }

    private ValueTask<MapNode> ReadAsync(ChildReference reference, int level, CancellationToken token) =>
        nodes.ReadNodeAsync(new NodeId(reference.Id), (byte)level, reference.Place, token);
}
