using System.Runtime.CompilerServices;
using HyperVBackup.Format;
using HyperVBackup.Format.Maps;

namespace HyperVBackup.Repository.Maps;

/// <summary>
/// A node being changed. It knows the reference it was opened from, so that a node whose children come out as they
/// were is never hashed or stored again. Reused for every node of its level.
/// </summary>
internal sealed class OpenNode(byte level)
{
    private Children children;

    public byte Level { get; } = level;

    /// <summary>Its index among the nodes of its level.</summary>
    public long Index { get; private set; }

    /// <summary>What stood here before any change.</summary>
    public ChildReference Original { get; private set; }

    /// <summary>True where the id of some child is not what it was.</summary>
    public bool IsChanged { get; private set; }

    public bool Covers(long chunkIndex) => TreeShape.NodeIndexOf(chunkIndex, Level) == Index;

    public ChildReference ChildOf(long chunkIndex) => children[TreeShape.SlotOf(chunkIndex, Level)];

    /// <summary>Starts over as the node of zeros at <paramref name="index"/>.</summary>
    public void Open(long index)
    {
        children = default;
        (Index, Original, IsChanged) = (index, default, false);
    }

    /// <summary>Starts over as the stored node that <paramref name="original"/> names.</summary>
    public void Open(long index, ChildReference original, MapNode node)
    {
        Open(index);
        Original = original;
        for (int slot = 0; slot < TreeShape.FanOut; slot++)
        {
            children[slot] = ChildReference.Of(node, slot);
        }
    }

    /// <summary>Puts a child in place. One whose id stays takes the new place where that is known.</summary>
    public void Set(long chunkIndex, ChildReference child)
    {
        ref ChildReference old = ref children[TreeShape.SlotOf(chunkIndex, Level)];
        if (old.Id != child.Id)
        {
            old = child.IsZero ? default : child;
            IsChanged = true;
        }
        else if (!child.IsZero && !child.Place.IsUnknown)
        {
            old = child;
        }
    }

    /// <summary>Drops the children that lie wholly past the end of a disk of <paramref name="chunkCount"/> chunks.
    /// </summary>
    public void Trim(long chunkCount)
    {
        long span = TreeShape.SpanOf(Level - 1);
        long chunkIndex = Index * TreeShape.SpanOf(Level);
        for (int slot = 0; slot < TreeShape.FanOut; slot++, chunkIndex += span)
        {
            if (chunkIndex >= chunkCount)
            {
                Set(chunkIndex, default);
            }
        }
    }

    /// <summary>The node as it stands, or null where every child is zero.</summary>
    public MapNode? Build()
    {
        var node = new MapNode(Level);
        for (int slot = 0; slot < TreeShape.FanOut; slot++)
        {
            node.SetChild(slot, children[slot].Id, children[slot].Place);
        }

        return node.IsEmpty ? null : node;
    }

    [InlineArray(TreeShape.FanOut)]
    private struct Children
    {
        private ChildReference first;
    }
}
