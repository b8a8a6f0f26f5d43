using HyperVBackup.Repository.Index;
using Xunit;

namespace HyperVBackup.Repository.Tests.Index;

public sealed class SpreadSortTests
{
    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 0)]
    [InlineData(32, 0)]
    [InlineData(33, 0)]
    [InlineData(1000, 0)]
    [InlineData(40_000, 0)]
    [InlineData(1000, 8)]
    [InlineData(1000, 20)] // all in one place
    [InlineData(1000, 64)] // all equal
    public void Words_come_out_in_order_however_they_are_spread(int count, int leadingZeroCount)
    {
        Random random = new(count + leadingZeroCount);
        SpreadSort sort = new();
        foreach (int wordCount in new[] { count, count / 2, count }) // what an earlier run left is of no consequence
        {
            ulong[] words =
            [
                .. Enumerable.Range(0, wordCount).Select(
                    _ => leadingZeroCount == 64 ? 7 : unchecked((ulong)random.NextInt64() * 2) >> leadingZeroCount),
            ];
            ulong[] sorted = new ulong[wordCount];
            sort.Run(words, sorted);
            Assert.Equal(words.Order(), sorted);
        }
    }
}
