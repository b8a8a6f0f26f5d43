using HyperVBackup.Format;

namespace HyperVBackup.Repository.Maps;

/// <summary>
/// Goes over the chunks that two maps hold differently, ascending. Equal subtrees are skipped without reading them, so
/// the cost follows the differences. The disks may differ in size. Memory is O(height). Not thread-safe.
/// </summary>
public sealed class DiskMapDiff
{
    private readonly INodeSource nodes;
    private readonly INodeSource nodesOfBefore;
    private readonly Frame[] frames;
    private int level;

    /// <param name="before">The first map; of the same chunk size as the second.</param>
    /// <param name="after">The second.</param>
    /// <param name="nodes">Holds the nodes of both.</param>
    /// <param name="nodesOfBefore">Holds those of the first map, where it is read apart.</param>
    public DiskMapDiff(DiskMap before, DiskMap after, INodeSource nodes, INodeSource? nodesOfBefore = null)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(after.ChunkSizeBytes, before.ChunkSizeBytes);
        (this.nodes, this.nodesOfBefore) = (nodes, nodesOfBefore ?? nodes);
        level = Math.Max(before.Height, after.Height) + 1;
        frames = new Frame[level];
        for (int index = 0; index < frames.Length; index++)
        {
            frames[index] = new Frame();
        }

        // The last frame is of a level above both tops, so that the tops are compared like any two children.
        frames[^1].Before[0] = SubtreeOf(before);
        frames[^1].After[0] = SubtreeOf(after);
    }

    /// <summary>The difference that was found last.</summary>
    public MapDifference Current { get; private set; }

    /// <summary>Goes to the next difference; false where there is none.</summary>
    /// <exception cref="Format.CorruptDataException">A node cannot be read.</exception>
    public async ValueTask<bool> MoveNextAsync(CancellationToken token)
    {
        while (level <= frames.Length)
        {
            Frame frame = frames[level - 1];
            if (!frame.TryNextSlot(out int slot))
            {
                level++;
            }
            else if (level > 1)
            {
                level--;
                await frames[level - 1].OpenAsync(frame, slot, level, this, token);
            }
            else
            {
                ChildReference after = frame.After[slot].Reference;
                Current = new MapDifference(
                    (frame.Index * TreeShape.FanOut) + slot,
                    new ChunkId(frame.Before[slot].Reference.Id),
                    new ChunkId(after.Id),
                    after.Place);
                return true;
            }
        }

        return false;
    }

    private static Subtree SubtreeOf(DiskMap map) =>
        new(map.TopReference, map.Height);

    /// <summary>Two subtrees at the same place, expanded, and how far their children have been compared.</summary>
    private sealed class Frame
    {
        private int nextSlot;

        public Subtree[] Before { get; } = new Subtree[TreeShape.FanOut];

        public Subtree[] After { get; } = new Subtree[TreeShape.FanOut];

        /// <summary>The index of both among the nodes of their level.</summary>
        public long Index { get; private set; }

        public bool TryNextSlot(out int slot)
        {
            while (nextSlot < TreeShape.FanOut && Before[nextSlot].HoldsSameAs(After[nextSlot]))
            {
                nextSlot++;
            }

            slot = nextSlot++;
            return slot < TreeShape.FanOut;
        }

        public async ValueTask OpenAsync(
            Frame above, int slot, int level, DiskMapDiff diff, CancellationToken token)
        {
            (Index, nextSlot) = ((above.Index * TreeShape.FanOut) + slot, 0);
            await above.Before[slot].ExpandAsync(level, diff.nodesOfBefore, Before, token);
            await above.After[slot].ExpandAsync(level, diff.nodes, After, token);
        }
    }
}
