using Xunit;

namespace HyperVBackup.Storage.Tests;

public sealed class SystemRandomnessTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(16)]
    [InlineData(100_003)]
    public void Every_byte_is_filled_and_nothing_comes_twice(int lengthBytes)
    {
        const int FillCount = 64; // a byte that stays zero in all of them would do so once in 2^512 times
        byte[] seen = new byte[lengthBytes];
        byte[] bytes = new byte[lengthBytes];
        HashSet<string> texts = [];
        for (int fill = 0; fill < FillCount; fill++)
        {
            SystemRandomness.Fill(bytes);
            texts.Add(Convert.ToHexString(bytes));
            for (int position = 0; position < lengthBytes; position++)
            {
                seen[position] |= bytes[position];
            }
        }

        Assert.DoesNotContain((byte)0, seen);
        Assert.True(lengthBytes < 16 || texts.Count == FillCount);
    }

    [Fact]
    public void Suffixes_are_sixteen_hexadecimal_digits_and_differ()
    {
        string suffix = SystemRandomness.NewSuffix();
        Assert.Matches("^[0-9a-f]{16}$", suffix);
        Assert.NotEqual(suffix, SystemRandomness.NewSuffix());
    }
}
