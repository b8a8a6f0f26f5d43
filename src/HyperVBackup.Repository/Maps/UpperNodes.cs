using HyperVBackup.Format;
using HyperVBackup.Format.Maps;

namespace HyperVBackup.Repository.Maps;

/// <summary>The nodes of a disk's map above its slabs: finds what was in a slab's place, and computes the top from what
/// is there now. Keeps every node it reads: of a disk of 64 TiB in chunks of 16 KiB 6 MB. Not thread-safe.</summary>
internal sealed class UpperNodes(DiskMap map, INodeSource nodes, ContentHasher hasher, int slabLevel)
{
    private readonly Dictionary<(int Level, long Index), MapNode> read = [];

    /// <summary>What is in a slab's place; zero where zeros are.</summary>
    /// <exception cref="CorruptDataException">A node cannot be read.</exception>
    public async ValueTask<NodeReference> OriginalAsync(long slabIndex, CancellationToken token)
    {
        ChildReference found = map.TopReference;
        for (int level = map.Height; level > slabLevel && !found.IsZero; level--)
        {
            long chunk = slabIndex * TreeShape.SpanOf(slabLevel);
            (int Level, long Index) key = (level, TreeShape.NodeIndexOf(chunk, level));
            if (!read.TryGetValue(key, out MapNode? node))
            {
                node = await nodes.ReadNodeAsync(new NodeId(found.Id), (byte)level, found.Place, token);
                read.Add(key, node);
            }

            found = ChildReference.Of(node, TreeShape.SlotOf(chunk, level));
        }

        return new NodeReference(new NodeId(found.Id), found.Place);
    }

    /// <summary>The map's top node with other nodes in the place of slabs.</summary>
    /// <param name="slabs">Ascending; each was asked <see cref="OriginalAsync"/> for.</param>
    public NodeId Fold(ReadOnlySpan<(long Index, NodeId Id)> slabs) =>
        slabs.IsEmpty ? map.Top : Fold(map.Height, 0, slabs);

    private NodeId Fold(int level, long index, ReadOnlySpan<(long Index, NodeId Id)> slabs)
    {
        if (level == slabLevel)
        {
            return slabs[0].Id;
        }

        MapNode? original = read.GetValueOrDefault((level, index));
        Span<byte> row = stackalloc byte[NodeRows.SizeBytes];
        for (int slot = 0; slot < TreeShape.FanOut; slot++)
        {
            int count = CountUnder(level - 1, (index * TreeShape.FanOut) + slot, slabs);
            Digest id = count == 0
                ? original?.GetChild(slot) ?? default
                : Fold(level - 1, (index * TreeShape.FanOut) + slot, slabs[..count]).Value;
            id.WriteTo(row[(slot * Digest.SizeBytes)..]);
            slabs = slabs[count..];
        }

        Span<byte> derived = stackalloc byte[Digest.SizeBytes];
        NodeRows.DeriveIds(hasher, level, row, [0], derived);
        return new NodeId(new Digest(derived));
    }

    /// <summary>How many of the first slabs lie under a node.</summary>
    private int CountUnder(int level, long index, ReadOnlySpan<(long Index, NodeId Id)> slabs)
    {
        int count = 0;
        while (count < slabs.Length
            && TreeShape.NodeIndexOf(slabs[count].Index * TreeShape.SpanOf(slabLevel), level) == index)
        {
            count++;
        }

        return count;
    }
}
