using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using HyperVBackup.Format;
using HyperVBackup.Format.Maps;

namespace HyperVBackup.Repository.Maps;

/// <summary>
/// Folds change lists over a disk's map, and computes the top node of the result; stores nothing. It shares nothing
/// with <see cref="DiskMapWriter"/>, whose work it proves. Slabs are folded side by side. Used once.
/// </summary>
internal sealed class MapFold
{
    private readonly long chunkCount;
    private readonly ContentHasher hasher;
    private readonly LiftedNodes nodes;
    private readonly ChangeSlabs slabs;
    private readonly UpperNodes upper;
    private readonly ConcurrentQueue<SlabFold> idle = [];
    private readonly ConcurrentQueue<(long Index, NodeId Id)> folded = [];

    /// <param name="ancestor">What is folded over.</param>
    /// <param name="oldestFirst">The lists.</param>
    /// <param name="virtualSizeBytes">The disk's size after them.</param>
    public MapFold(
        DiskMap ancestor, IReadOnlyCollection<ListReference> oldestFirst, long virtualSizeBytes, INodeSource nodes,
        ContentHasher hasher)
    {
        this.hasher = hasher;
        this.nodes = new LiftedNodes(ancestor, virtualSizeBytes, nodes, hasher);
        chunkCount = this.nodes.Map.ChunkCount;
        slabs = new ChangeSlabs(oldestFirst, nodes, this.nodes.Map.Height);
        upper = new UpperNodes(this.nodes.Map, this.nodes, hasher, slabs.Level);
    }

    /// <summary>How many chunks the lists name, each counted once.</summary>
    public long ChangeCount { get; private set; }

    /// <summary>False where a list names chunks past the disk's end.</summary>
    public bool IsInside { get; private set; } = true;

    /// <summary>The top node of the disk after the last list.</summary>
    /// <param name="workerCount">Slabs under way at a time.</param>
    /// <exception cref="CorruptDataException">A list or a node cannot be read.</exception>
    public async Task<NodeId> RunAsync(int workerCount, CancellationToken token)
    {
        ParallelOptions sideBySide = new() { MaxDegreeOfParallelism = workerCount, CancellationToken = token };
        await Parallel.ForEachAsync(
            ReadSlabsAsync(token),
            sideBySide,
            async (work, ending) =>
            {
                NodeId id = await work.Fold.FoldAsync(work.Original, ending);
                folded.Enqueue((work.Fold.Slab.Index, id));
                idle.Enqueue(work.Fold);
            });
        (long Index, NodeId Id)[] ascending = [.. folded.OrderBy(slab => slab.Index)];
        return upper.Fold(ascending);
    }

    /// <summary>Goes over the slabs in which something changed; whoever takes one folds it on a thread of his own.
    /// </summary>
    private async IAsyncEnumerable<(SlabFold Fold, NodeReference Original)> ReadSlabsAsync(
        [EnumeratorCancellation] CancellationToken token)
    {
        while (true)
        {
            if (!idle.TryDequeue(out SlabFold? fold))
            {
                fold = new SlabFold(slabs.Level, nodes, hasher);
            }

            if (!await slabs.TryFillAsync(fold.Slab, token))
            {
                yield break;
            }

            ChangeCount += fold.Slab.CountChanges();
            IsInside &= !fold.Slab.Trim(chunkCount);
            if (fold.Slab.FirstChunk < chunkCount)
            {
                yield return (fold, await upper.OriginalAsync(fold.Slab.Index, token));
            }
            else
            {
                idle.Enqueue(fold);
            }
        }
    }
}
