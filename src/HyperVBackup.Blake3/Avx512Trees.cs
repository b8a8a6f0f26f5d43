using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace HyperVBackup.Blake3;

/// <summary>
/// Four times sixteen lanes, and the parents above them. The values stay in vectors on the way up: one shuffle a word
/// makes a block of two children, and nothing is transposed again.
/// </summary>
internal static class Avx512Trees
{
    public const int LaneCount = GroupCount * Avx512Lanes.Width;

    private const int GroupCount = 4;

    /// <summary>
    /// Hashes sixty-four lanes, and joins every <paramref name="lanesPerTree"/> neighbours into one value.
    /// </summary>
    /// <param name="work">The lanes.</param>
    /// <param name="lanesPerTree">A power of two from 2 to 64.</param>
    /// <param name="topFlags">Flags that the topmost parent of each tree has besides.</param>
    /// <param name="outputs">32 bytes for each tree.</param>
    [SkipLocalsInit]
    public static void Hash(scoped in LaneWork work, int lanesPerTree, BlockFlags topFlags, Span<byte> outputs)
    {
        Span<Vector512<uint>> values = stackalloc Vector512<uint>[GroupCount * Definition.KeyWordCount];
        Avx512Lanes.HashGroups(work, LaneCount, values);
        int groupCount = GroupCount;
        for (int perTree = lanesPerTree / 2; perTree > 0; perTree /= 2)
        {
            BlockFlags flags = work.Flags | BlockFlags.Parent | (perTree == 1 ? topFlags : BlockFlags.None);
            // Once they are sixteen or less, they are the first lanes of one group; the others mean nothing.
            int childGroupMax = groupCount - 1;
            groupCount = Math.Max(1, groupCount / 2);
            for (int group = 0; group < groupCount; group++)
            {
                Avx512Lanes.Join(
                    Group(values, 2 * group),
                    Group(values, Math.Min((2 * group) + 1, childGroupMax)),
                    work.KeyWords,
                    flags,
                    Group(values, group));
            }
        }
        Span<byte> spare = stackalloc byte[LaneCount * Definition.DigestSizeBytes];
        for (int group = 0; group < groupCount; group++)
        {
            Avx512Transposition.StoreValues(
                Group(values, group), spare[(group * Avx512Lanes.Width * Definition.DigestSizeBytes)..]);
        }
        spare[..(LaneCount / lanesPerTree * Definition.DigestSizeBytes)].CopyTo(outputs);
    }

    private static Span<Vector512<uint>> Group(Span<Vector512<uint>> values, int group) =>
        values.Slice(group * Definition.KeyWordCount, Definition.KeyWordCount);
}
