using HyperVBackup.Repository.Index;
using Xunit;

namespace HyperVBackup.Repository.Tests.Index;

public sealed class IndexSizesTests
{
    [Theory]
    [InlineData(512, 57_700_000)]
    [InlineData(1536, 172_800_000)]
    [InlineData(3584, 421_300_000)]
    public void As_many_entries_fit_as_the_memory_sum_says(long budgetMebibytes, long entryCount)
    {
        long max = IndexSizes.For(budgetMebibytes << 20).EntryCountMax;
        Assert.InRange(max, entryCount - 100_000, entryCount + 100_000);
    }

    [Theory]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(256)]
    [InlineData(1536)]
    [InlineData(1 << 20)]
    public void The_parts_are_no_more_than_the_budget(long budgetMebibytes)
    {
        long budgetBytes = budgetMebibytes << 20;
        IndexSizes sizes = IndexSizes.For(budgetBytes);
        long tailBytes = (sizes.HashTableBytes * 3 / 2) + sizes.LogBytes + (sizes.TailCountMax * 8);
        Assert.True(tailBytes + sizes.SettledBytesMax <= budgetBytes);
        Assert.True(sizes.EntryCountMax * 8 <= sizes.SettledBytesMax);
        Assert.True(sizes.EntryCountMax > sizes.TailCountMax);
        Assert.True(sizes.TailCountMax * 64 / 7 <= sizes.HashTableBytes);
    }
}
