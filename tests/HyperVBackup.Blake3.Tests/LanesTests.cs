using Xunit;

namespace HyperVBackup.Blake3.Tests;

/// <summary>
/// What no input of a test's size reaches: counters past 32 bits, and every number of lanes by itself.
/// </summary>
public sealed class LanesTests
{
    private const int LaneCountMax = 35;

    [Theory]
    [EveryPath]
    internal void Counters_past_32_bits_count_in_every_lane(ModeKind kind, InstructionSet set)
    {
        ulong[] firstCounters = [0, uint.MaxValue - 5UL, uint.MaxValue, 1UL << 32, (1UL << 50) - 3];
        ulong[] masks = [ulong.MaxValue, 0, 3, (1UL << 33) - 1];
        Blake3Mode mode = TestData.Mode(kind, set);
        foreach ((ulong first, ulong mask) in firstCounters.SelectMany(first => masks.Select(mask => (first, mask))))
        {
            AssertLikeScalar(mode, LaneCountMax, first, mask);
        }
    }

    [Theory]
    [EveryPath]
    internal void Every_number_of_lanes_writes_just_its_values(ModeKind kind, InstructionSet set)
    {
        Blake3Mode mode = TestData.Mode(kind, set);
        for (int laneCount = 1; laneCount <= LaneCountMax; laneCount++)
        {
            AssertLikeScalar(mode, laneCount, 7, ulong.MaxValue);
        }
    }

    [Theory]
    [EveryPath]
    internal void Parents_may_be_written_over_their_children(ModeKind kind, InstructionSet set)
    {
        Blake3Mode mode = TestData.Mode(kind, set);
        for (int pairCount = 1; pairCount <= LaneCountMax; pairCount++)
        {
            byte[] expected = new byte[pairCount * Blake3Mode.DigestSizeBytes];
            byte[] values = TestData.Prefix(pairCount * Definition.BlockSizeBytes).ToArray();
            Tree.HashParents(mode, values, pairCount, BlockFlags.None, expected);
            Tree.HashParents(mode, values, pairCount, BlockFlags.None, values);
            Assert.Equal(expected, values[..expected.Length]);
            Assert.True(TestData.Prefix(2 * expected.Length)[expected.Length..].SequenceEqual(
                values.AsSpan(expected.Length)));
        }
    }

    private static void AssertLikeScalar(Blake3Mode mode, int laneCount, ulong firstCounter, ulong mask)
    {
        LaneWork work = new()
        {
            // Nothing lies behind the last lane's run that could be read by mistake.
            Input = TestData.Prefix(laneCount * 128),
            StrideBytes = 128,
            BlockCount = 2,
            KeyWords = mode.KeyWords,
            FirstCounter = firstCounter,
            CounterMask = mask,
            Flags = mode.Flags,
            FirstBlockFlags = BlockFlags.ChunkStart,
            LastBlockFlags = BlockFlags.ChunkEnd,
        };
        byte[] expected = new byte[(laneCount + 1) * Blake3Mode.DigestSizeBytes];
        byte[] actual = new byte[expected.Length];
        Lanes.Hash(InstructionSet.Scalar, work, laneCount, expected);
        Lanes.Hash(mode.InstructionSet, work, laneCount, actual);
        Assert.True(
            expected.AsSpan().SequenceEqual(actual),
            $"{mode.InstructionSet}, {laneCount} lanes from counter {firstCounter} under mask {mask:x}");
    }
}
