using HyperVBackup.Format.Limits;

namespace HyperVBackup.Repository.Maps;

/// <summary>The geometry of a disk map: which node of which level covers which chunks. A node of level n covers
/// 16^n chunks; the chunk or node of level n with index i is child i mod 16 of the node of level n + 1 with index
/// i / 16.</summary>
internal static class TreeShape
{
    public const int FanOut = FormatLimits.FanOut;
    private const int FanOutBits = 4;

    /// <summary>The smallest height, from 1, whose top node covers <paramref name="chunkCount"/> chunks.</summary>
    public static int HeightOf(long chunkCount)
    {
        int height = 1;
        while (chunkCount > SpanOf(height))
        {
            height++;
        }

        return height;
    }

    /// <summary>How many chunks a node of <paramref name="level"/> covers; a chunk is level 0.</summary>
    public static long SpanOf(int level) => 1L << (FanOutBits * level);

    /// <summary>The index, among those of its level, of the node that covers a chunk.</summary>
    public static long NodeIndexOf(long chunkIndex, int level) => chunkIndex >> (FanOutBits * level);

    /// <summary>Which child of its node of <paramref name="level"/> covers a chunk.</summary>
    public static int SlotOf(long chunkIndex, int level) => (int)(NodeIndexOf(chunkIndex, level - 1) & (FanOut - 1));
}
