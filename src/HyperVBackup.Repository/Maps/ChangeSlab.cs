using System.Numerics;
using HyperVBackup.Format;
using HyperVBackup.Format.Maps;

namespace HyperVBackup.Repository.Maps;

/// <summary>The changed chunks under one node of a disk's map. What is set later paints over what was set before.
/// Reused; not thread-safe.</summary>
internal sealed class ChangeSlab(int level)
{
    private readonly byte[] ids = new byte[TreeShape.SpanOf(level) * Digest.SizeBytes];
    private readonly ushort[] masks = new ushort[TreeShape.SpanOf(level - 1)];

    /// <summary>The level of the node.</summary>
    public int Level { get; } = level;

    /// <summary>The node's index among those of its level.</summary>
    public long Index { get; private set; }

    public long FirstChunk => Index * TreeShape.SpanOf(Level);

    public long EndChunk => FirstChunk + TreeShape.SpanOf(Level);

    /// <summary>The ids of the slab's chunks, as <see cref="NodeRows"/> of level 1; those that did not change mean
    /// nothing.</summary>
    public Memory<byte> Rows => ids;

    /// <summary>For each node of level 1, which of its chunks changed.</summary>
    public ReadOnlySpan<ushort> Masks => masks;

    /// <summary>Starts over, with no change.</summary>
    public void Open(long index)
    {
        Index = index;
        masks.AsSpan().Clear();
    }

    /// <summary>Sets chunks side by side.</summary>
    /// <param name="newIds">32 bytes each; within the slab.</param>
    public void Set(long firstChunk, ReadOnlySpan<byte> newIds)
    {
        int at = (int)(firstChunk - FirstChunk);
        newIds.CopyTo(ids.AsSpan(at * Digest.SizeBytes));
        int left = newIds.Length / Digest.SizeBytes;
        while (left > 0)
        {
            (int node, int slot) = Math.DivRem(at, TreeShape.FanOut);
            int count = Math.Min(TreeShape.FanOut - slot, left);
            masks[node] |= (ushort)(((1 << count) - 1) << slot);
            at += count;
            left -= count;
        }
    }

    /// <summary>The id of a changed chunk.</summary>
    public ChunkId IdAt(int position) => new(new Digest(ids.AsSpan(position * Digest.SizeBytes, Digest.SizeBytes)));

    /// <summary>The position of the first changed chunk at or after <paramref name="position"/>; -1 where there is
    /// none.</summary>
    public int FindFrom(int position)
    {
        while (position < masks.Length * TreeShape.FanOut)
        {
            (int node, int slot) = Math.DivRem(position, TreeShape.FanOut);
            int rest = masks[node] >> slot;
            if (rest != 0)
            {
                return position + BitOperations.TrailingZeroCount(rest);
            }

            position = (node + 1) * TreeShape.FanOut;
        }

        return -1;
    }

    /// <summary>How many chunks changed.</summary>
    public int CountChanges()
    {
        int count = 0;
        foreach (ushort mask in masks)
        {
            count += BitOperations.PopCount(mask);
        }

        return count;
    }

    /// <summary>Takes back the changes from a chunk on; true where there were any.</summary>
    public bool Trim(long endChunk)
    {
        bool isTrimmed = false;
        long first = Math.Max(endChunk - FirstChunk, 0);
        for (int at = first < EndChunk - FirstChunk ? FindFrom((int)first) : -1; at >= 0; at = FindFrom(at))
        {
            masks[at / TreeShape.FanOut] &= (ushort)(ushort.MaxValue ^ (1 << (at % TreeShape.FanOut)));
            isTrimmed = true;
        }

        return isTrimmed;
    }
}
