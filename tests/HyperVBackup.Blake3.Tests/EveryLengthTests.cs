using Xunit;

namespace HyperVBackup.Blake3.Tests;

public sealed class EveryLengthTests
{
    private const int LengthMax = 10_240;

    private static readonly Lazy<byte[][]> expected = new(ExpectedHashes);

    [Theory]
    [InlineData("Scalar")]
    [InlineData("Vector128")]
    [InlineData("Avx2")]
    [InlineData("Avx512")]
    public void Every_length_to_10_KiB_agrees_with_BouncyCastle(string set)
    {
        Blake3Mode mode = Blake3Mode.Plain.With(Sets.Parse(set));
        for (int length = 0; length <= LengthMax; length++)
        {
            byte[] hash = TestData.Hash(mode, TestData.PatternSpan(length));
            Assert.True(hash.AsSpan().SequenceEqual(expected.Value[length]), $"{set}, {length} bytes");
        }
    }

    private static byte[][] ExpectedHashes()
    {
        BouncyCastle oracle = new(ModeKind.Plain);
        byte[][] hashes = new byte[LengthMax + 1][];
        for (int length = 0; length <= LengthMax; length++)
        {
            hashes[length] = oracle.Hash(TestData.PatternSpan(length));
        }
        return hashes;
    }
}
