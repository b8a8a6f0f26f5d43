using HyperVBackup.Format;
using HyperVBackup.Format.Maps;

namespace HyperVBackup.Repository.Maps;

/// <summary>
/// Computes a node of a disk's map from the node that was there and the chunks that changed under it. A node all of
/// whose chunks changed is not read, nor is one under which none did. Reused; not thread-safe.
/// </summary>
internal sealed class SlabFold
{
    private const ushort AllSlots = ushort.MaxValue;
    private const int BatchCount = 256;
    private static readonly byte[] rowOfZeros = new byte[NodeRows.SizeBytes];
    private readonly INodeSource nodes;
    private readonly ContentHasher hasher;
    private readonly Layer[] layers;
    private readonly NodeReference[] batch = new NodeReference[BatchCount];
    private readonly int[] batchNodes = new int[BatchCount];
    private readonly byte[] batchRows = new byte[BatchCount * NodeRows.SizeBytes];
    private int batchCount;

    /// <param name="level">Of the slabs.</param>
    public SlabFold(int level, INodeSource nodes, ContentHasher hasher)
    {
        (this.nodes, this.hasher) = (nodes, hasher);
        Slab = new ChangeSlab(level);
        layers = [.. Enumerable.Range(1, level).Select(at => new Layer((int)TreeShape.SpanOf(level - at)))];
    }

    /// <summary>The changes to be folded.</summary>
    public ChangeSlab Slab { get; }

    /// <summary>The id of the slab's node with the changes in it.</summary>
    /// <param name="original">What was there.</param>
    /// <exception cref="CorruptDataException">A node cannot be read.</exception>
    public async ValueTask<NodeId> FoldAsync(NodeReference original, CancellationToken token)
    {
        Climb();
        layers[^1].Originals[0] = original;
        for (int level = layers.Length; level > 1; level--)
        {
            await OpenAsync(level, token);
        }

        await OpenLeavesAsync(token);
        ReadOnlyMemory<byte> rows = Slab.Rows;
        for (int level = 1; level <= layers.Length; level++)
        {
            Layer layer = layers[level - 1];
            NodeRows.DeriveIds(hasher, level, rows.Span, layer.Chosen, layer.Ids);
            rows = layer.Ids;
        }

        return new NodeId(new Digest(rows.Span));
    }

    private static void Merge(ReadOnlySpan<byte> original, ushort changed, Span<byte> row)
    {
        for (int slot = 0; slot < TreeShape.FanOut; slot++)
        {
            if ((changed >> slot & 1) == 0)
            {
                int at = slot * Digest.SizeBytes;
                original.Slice(at, Digest.SizeBytes).CopyTo(row[at..]);
            }
        }
    }

    /// <summary>Finds the nodes of each level under which something changed, or everything.</summary>
    private void Climb()
    {
        layers[0].Start(Slab.Masks);
        for (int level = 2; level <= layers.Length; level++)
        {
            layers[level - 1].Start(layers[level - 2]);
        }
    }

    /// <summary>Reads the nodes of a level that changed in part: for the level below, which nodes were there.</summary>
    private async ValueTask OpenAsync(int level, CancellationToken token)
    {
        Layer layer = layers[level - 1];
        Layer below = layers[level - 2];
        for (int position = 0; position < layer.ChosenCount; position++)
        {
            int index = layer.ChosenAt(position);
            if (layer.Whole[index] == AllSlots)
            {
                continue;
            }

            NodeReference original = layer.Originals[index];
            MapNode? node = original.Id.IsZero
                ? null
                : await nodes.ReadNodeAsync(original.Id, (byte)level, original.Place, token);
            below.Inherit(node, index * TreeShape.FanOut, layer.Changed[index]);
        }
    }

    private async ValueTask OpenLeavesAsync(CancellationToken token)
    {
        Layer leaves = layers[0];
        for (int position = 0; position < leaves.ChosenCount; position++)
        {
            int index = leaves.ChosenAt(position);
            if (leaves.Changed[index] == AllSlots)
            {
                continue;
            }

            if (leaves.Originals[index].Id.IsZero)
            {
                Merge(rowOfZeros, leaves.Changed[index], RowAt(index));
                continue;
            }

            (batch[batchCount], batchNodes[batchCount]) = (leaves.Originals[index], index);
            if (++batchCount == BatchCount)
            {
                await ReadBatchAsync(token);
            }
        }

        await ReadBatchAsync(token);
    }

    private async ValueTask ReadBatchAsync(CancellationToken token)
    {
        int count = batchCount;
        batchCount = 0;
        if (count == 0)
        {
            return;
        }

        Memory<byte> rows = batchRows.AsMemory(0, count * NodeRows.SizeBytes);
        await nodes.ReadRowsAsync(1, batch.AsMemory(0, count), rows, token);
        for (int position = 0; position < count; position++)
        {
            int index = batchNodes[position];
            Merge(
                rows.Span.Slice(position * NodeRows.SizeBytes, NodeRows.SizeBytes), layers[0].Changed[index],
                RowAt(index));
        }
    }

    private Span<byte> RowAt(int index) => Slab.Rows.Span.Slice(index * NodeRows.SizeBytes, NodeRows.SizeBytes);

    /// <summary>The nodes of one level under the slab's.</summary>
    private sealed class Layer(int count)
    {
        private readonly int[] chosen = new int[count];

        public int ChosenCount { get; private set; }

        /// <summary>The nodes under which something changed, ascending.</summary>
        public ReadOnlySpan<int> Chosen => chosen.AsSpan(0, ChosenCount);

        /// <summary>For each node, the children under which something changed.</summary>
        public ushort[] Changed { get; } = new ushort[count];

        /// <summary>For each node, the children under which everything changed; not kept for level 1, where it is the
        /// same.</summary>
        public ushort[] Whole { get; } = new ushort[count];

        public NodeReference[] Originals { get; } = new NodeReference[count];

        /// <summary>The ids of the nodes: of those that did not change from the start, where their parent needs them.
        /// </summary>
        public byte[] Ids { get; } = new byte[count * Digest.SizeBytes];

        public int ChosenAt(int position) => chosen[position];

        public void Start(ReadOnlySpan<ushort> changed)
        {
            changed.CopyTo(Changed);
            changed.CopyTo(Whole);
            Choose();
        }

        public void Start(Layer below)
        {
            Changed.AsSpan().Clear();
            Whole.AsSpan().Clear();
            foreach (int child in below.Chosen)
            {
                (int index, int slot) = Math.DivRem(child, TreeShape.FanOut);
                Changed[index] |= (ushort)(1 << slot);
                Whole[index] |= (ushort)(below.Whole[child] == AllSlots ? 1 << slot : 0);
            }

            Choose();
        }

        /// <summary>Takes over the children of a node of the level above; null for zeros.</summary>
        public void Inherit(MapNode? parent, int firstIndex, ushort changed)
        {
            for (int slot = 0; slot < TreeShape.FanOut; slot++)
            {
                int index = firstIndex + slot;
                Digest id = parent is null ? default : parent.GetChild(slot);
                if ((changed >> slot & 1) == 0)
                {
                    id.WriteTo(Ids.AsSpan(index * Digest.SizeBytes));
                }
                else
                {
                    Originals[index] = new NodeReference(new NodeId(id), parent?.GetPlace(slot) ?? default);
                }
            }
        }

        private void Choose()
        {
            ChosenCount = 0;
            for (int index = 0; index < Changed.Length; index++)
            {
                if (Changed[index] != 0)
                {
                    chosen[ChosenCount++] = index;
                }
            }
        }
    }
}
