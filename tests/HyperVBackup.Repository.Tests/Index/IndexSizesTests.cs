using HyperVBackup.Repository.Index;
using Xunit;

namespace HyperVBackup.Repository.Tests.Index;

public sealed class IndexSizesTests
{
    [Theory]
    [InlineData(0, 256, 1 << 20)]
    [InlineData(1_000_000, 256, 16 << 20)]
    [InlineData(10_000_000, 256, 128 << 20)]
    [InlineData(50_000_000, 1024, 1 << 29)]
    public void The_table_follows_the_entries(long entryCount, long budgetMebibytes, long tableBytes)
    {
        IndexSizes sizes = IndexSizes.For(entryCount, budgetMebibytes << 20);
        Assert.Equal(tableBytes, sizes.TableBytes);
        Assert.True(sizes.EntryCountMax >= entryCount);
    }

    [Theory]
    [InlineData(16)]
    [InlineData(256)]
    [InlineData(1024)]
    public void Growing_ends_within_the_budget(long budgetMebibytes)
    {
        long budgetBytes = budgetMebibytes << 20;
        IndexSizes sizes = IndexSizes.For(0, budgetBytes);
        while (sizes.TryGrow(budgetBytes, out IndexSizes larger))
        {
            Assert.True(larger.EntryCountMax >= 2 * sizes.EntryCountMax);
            sizes = larger;
            Assert.True((sizes.TableBytes * 3 / 2) + sizes.LogBytes <= budgetBytes);
        }

        Assert.Equal(budgetBytes / 2, sizes.TableBytes);
    }
}
