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
        int parentCount = LaneCount / 2;
        int rootCount = LaneCount / lanesPerTree;
        for (; parentCount >= Math.Max(rootCount, Avx512Lanes.Width); parentCount /= 2)
        {
            groupCount = parentCount / Avx512Lanes.Width;
            for (int group = 0; group < groupCount; group++)
            {
                Avx512Lanes.Join(
                    Group(values, 2 * group),
                    Group(values, (2 * group) + 1),
                    work.KeyWords,
                    ParentFlags(work, parentCount == rootCount, topFlags),
                    Group(values, group));
            }
        }
        Span<byte> bytes = stackalloc byte[LaneCount * Definition.DigestSizeBytes];
        for (int group = 0; group < groupCount; group++)
        {
            Avx512Transposition.StoreValues(
                Group(values, group), bytes[(group * Avx512Lanes.Width * Definition.DigestSizeBytes)..]);
        }
        for (; parentCount >= rootCount; parentCount /= 2)
        {
            JoinFew(work, parentCount, ParentFlags(work, parentCount == rootCount, topFlags), bytes);
        }
        bytes[..(rootCount * Definition.DigestSizeBytes)].CopyTo(outputs);
    }

    /// <summary>
    /// Joins what would leave most of sixteen lanes empty: the last eight parents of 64 KiB take a tenth less time like
    /// this.
    /// </summary>
    private static void JoinFew(scoped in LaneWork work, int parentCount, BlockFlags flags, Span<byte> values)
    {
        LaneWork parents = new()
        {
            Input = values,
            StrideBytes = Definition.BlockSizeBytes,
            BlockCount = 1,
            KeyWords = work.KeyWords,
            Flags = flags,
        };
        for (int done = 0; done < parentCount; done += Avx512Quads.Width)
        {
            int count = Math.Min(Avx512Quads.Width, parentCount - done);
            Avx512Quads.Hash(parents.Skip(done), count, values[(done * Definition.DigestSizeBytes)..]);
        }
    }

    private static BlockFlags ParentFlags(scoped in LaneWork work, bool isTop, BlockFlags topFlags) =>
        work.Flags | BlockFlags.Parent | (isTop ? topFlags : BlockFlags.None);

    private static Span<Vector512<uint>> Group(Span<Vector512<uint>> values, int group) =>
        values.Slice(group * Definition.KeyWordCount, Definition.KeyWordCount);
}
