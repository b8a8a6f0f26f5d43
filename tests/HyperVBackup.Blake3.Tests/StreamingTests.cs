using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Xunit;

namespace HyperVBackup.Blake3.Tests;

public sealed class StreamingTests
{
    private const int PieceSizeMax = 80 << 10;
    private const int PieceCountMax = 12;

    [Property(MaxTest = 60)]
    public Property Pieces_of_any_size_give_the_hash_of_the_whole()
    {
        Gen<int> size = Gen.OneOf(Gen.Choose(0, 130), Gen.Choose(1020, 1030), Gen.Choose(0, PieceSizeMax));
        Gen<int[]> pieces = Gen.Choose(0, PieceCountMax).SelectMany(count => size.ArrayOf(count));
        return Prop.ForAll(pieces.ToArbitrary(), sizes => Enum.GetValues<InstructionSet>()
            .Where(InstructionSupport.IsSupported)
            .All(set => StreamedEqualsWhole(TestData.Mode(ModeKind.Keyed, set), sizes)));
    }

    [Theory]
    [EveryPath]
    internal void Batches_that_end_with_a_piece_give_the_hash_of_the_whole(ModeKind kind, InstructionSet set)
    {
        Blake3Mode mode = TestData.Mode(kind, set);
        for (int batchCount = 1; batchCount <= 9; batchCount++)
        {
            int[] whole = Enumerable.Repeat(Tree.BatchSizeBytes, batchCount).ToArray();
            Assert.True(StreamedEqualsWhole(mode, whole), $"{batchCount} batches");
            Assert.True(StreamedEqualsWhole(mode, [.. whole, 1]), $"{batchCount} batches and a byte");
            Assert.True(StreamedEqualsWhole(mode, [1, .. whole]), $"a byte and {batchCount} batches");
        }
    }

    [Fact]
    public void A_finished_hasher_takes_nothing_until_reset()
    {
        Blake3Hasher hasher = new(Blake3Mode.Plain);
        byte[] hash = new byte[Blake3Mode.DigestSizeBytes];
        hasher.Append(TestData.Prefix(200_000));
        Assert.Throws<ArgumentException>(() => hasher.Finish(new byte[31]));
        hasher.Finish(hash);
        Assert.Equal(TestData.Hash(Blake3Mode.Plain, TestData.Prefix(200_000)), hash);
        Assert.Throws<InvalidOperationException>(() => hasher.Append([1]));
        Assert.Throws<InvalidOperationException>(() => hasher.Finish(hash));

        hasher.Reset();
        hasher.Append(TestData.Prefix(3));
        hasher.Finish(hash);
        Assert.Equal(TestData.Hash(Blake3Mode.Plain, TestData.Prefix(3)), hash);
    }

    private static bool StreamedEqualsWhole(Blake3Mode mode, int[] sizes)
    {
        Blake3Hasher hasher = new(mode);
        int doneBytes = 0;
        foreach (int sizeBytes in sizes)
        {
            hasher.Append(TestData.Pattern(doneBytes, sizeBytes));
            doneBytes += sizeBytes;
        }
        byte[] streamed = new byte[Blake3Mode.DigestSizeBytes];
        hasher.Finish(streamed);
        return TestData.Hash(mode, TestData.Prefix(doneBytes)).AsSpan().SequenceEqual(streamed);
    }
}
