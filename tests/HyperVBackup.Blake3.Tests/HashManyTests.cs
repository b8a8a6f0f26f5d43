using Xunit;

namespace HyperVBackup.Blake3.Tests;

public sealed class HashManyTests
{
    private const int CountMax = 40;

    private static readonly int[] sizes =
        [1, 64, 128, 512, 1000, 1024, 1025, 2048, 3072, 4096, 8192, 16384, 32768, 65536];

    [Theory]
    [EveryPath]
    internal void Many_inputs_get_the_hash_of_each(ModeKind kind, InstructionSet set)
    {
        Blake3Mode mode = TestData.Mode(kind, set);
        Blake3Mode oneByOne = mode.With(InstructionSet.Scalar);
        foreach (int sizeBytes in sizes)
        {
            int countMax = Math.Min(CountMax, TestData.LengthMax / sizeBytes);
            byte[] expected = new byte[countMax * Blake3Mode.DigestSizeBytes];
            for (int i = 0; i < countMax; i++)
            {
                oneByOne.Hash(TestData.Pattern(i * sizeBytes, sizeBytes), OutputAt(expected, i));
            }
            for (int count = 0; count <= countMax; count++)
            {
                byte[] outputs = new byte[count * Blake3Mode.DigestSizeBytes];
                mode.HashMany(TestData.Prefix(count * sizeBytes), sizeBytes, outputs);
                Assert.True(
                    expected.AsSpan().StartsWith(outputs), $"{kind}, {set}: {count} inputs of {sizeBytes} bytes");
            }
        }
    }

    [Theory]
    [EveryPath]
    internal void More_inputs_than_a_batch_holds_get_the_hash_of_each(ModeKind kind, InstructionSet set)
    {
        Blake3Mode mode = TestData.Mode(kind, set);
        foreach (int sizeBytes in new[] { 64, 512, 1024, 4096 })
        {
            const int Count = 200;
            byte[] outputs = new byte[Count * Blake3Mode.DigestSizeBytes];
            mode.HashMany(TestData.Prefix(Count * sizeBytes), sizeBytes, outputs);
            for (int i = 0; i < Count; i++)
            {
                byte[] expected = TestData.Hash(mode, TestData.Pattern(i * sizeBytes, sizeBytes));
                Assert.True(
                    OutputAt(outputs, i).SequenceEqual(expected), $"{kind}, {set}: input {i} of {sizeBytes} bytes");
            }
        }
    }

    [Fact]
    public void Lengths_that_do_not_fit_are_refused()
    {
        byte[] bytes = new byte[4096];
        Assert.Throws<ArgumentOutOfRangeException>(() => Blake3Mode.Plain.HashMany(bytes, 0, new byte[32]));
        Assert.Throws<ArgumentException>(() => Blake3Mode.Plain.HashMany(bytes, 4095, new byte[32]));
        Assert.Throws<ArgumentException>(() => Blake3Mode.Plain.HashMany(bytes, 2048, new byte[63]));
        Assert.Throws<ArgumentException>(() => Blake3Mode.Plain.HashMany(bytes, 2048, new byte[96]));
        Assert.Throws<ArgumentException>(() => Blake3Mode.Plain.HashMany(bytes, 2048, bytes.AsSpan(4000, 64)));
    }

    [Theory]
    [EveryPath]
    internal void Padded_inputs_get_the_hash_of_each_without_the_padding(ModeKind kind, InstructionSet set)
    {
        Blake3Mode mode = TestData.Mode(kind, set);
        foreach (int sizeBytes in new[] { 1, 36, 63, 64, 65, 516, 960, 1000, 1023, 1024 })
        {
            int strideBytes = (sizeBytes + 63) / 64 * 64;
            byte[] inputs = new byte[CountMax * strideBytes];
            byte[] expected = new byte[CountMax * Blake3Mode.DigestSizeBytes];
            for (int i = 0; i < CountMax; i++)
            {
                ReadOnlySpan<byte> input = TestData.Pattern(i * sizeBytes, sizeBytes);
                input.CopyTo(inputs.AsSpan(i * strideBytes));
                TestData.Hash(mode, input).CopyTo(OutputAt(expected, i));
            }

            for (int count = 0; count <= CountMax; count++)
            {
                byte[] outputs = new byte[count * Blake3Mode.DigestSizeBytes];
                mode.HashManyPadded(inputs.AsSpan(0, count * strideBytes), sizeBytes, outputs);
                Assert.True(
                    expected.AsSpan().StartsWith(outputs), $"{kind}, {set}: {count} inputs of {sizeBytes} bytes");
            }
        }
    }

    [Fact]
    public void Padding_that_is_not_zeros_is_refused()
    {
        byte[] inputs = new byte[256];
        Blake3Mode.Plain.HashManyPadded(inputs, 100, new byte[64]);
        inputs[228] = 1;
        Assert.Throws<ArgumentException>(() => Blake3Mode.Plain.HashManyPadded(inputs, 100, new byte[64]));
        Assert.Throws<ArgumentException>(() => Blake3Mode.Plain.HashManyPadded(inputs, 101, new byte[96]));
        Assert.Throws<ArgumentException>(() => Blake3Mode.Plain.HashManyPadded(inputs.AsSpan(1), 101, new byte[64]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Blake3Mode.Plain.HashManyPadded(inputs, 0, new byte[64]));
        Assert.Throws<ArgumentOutOfRangeException>(
            () => Blake3Mode.Plain.HashManyPadded(new byte[2048], 1025, new byte[32]));
    }

    private static Span<byte> OutputAt(byte[] outputs, int index) =>
        outputs.AsSpan(index * Blake3Mode.DigestSizeBytes, Blake3Mode.DigestSizeBytes);
}
