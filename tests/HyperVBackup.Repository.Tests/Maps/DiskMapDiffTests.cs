using FsCheck.Xunit;
using HyperVBackup.Format;
using HyperVBackup.Repository.Maps;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maps;

public sealed class DiskMapDiffTests
{
    private readonly MemoryMaps maps = new();

    [Property(MaxTest = 50)]
    public async Task A_diff_is_what_differs_between_the_disks(int seed)
    {
        var random = new Random(seed);
        ChunkId[] before = Disk.Any(random, Disk.AnyCount(random));
        ChunkId[] after = Disk.Change(random, before, random.Next(2) == 0 ? before.Length : Disk.AnyCount(random));
        DiskMap beforeMap = await Disk.BuildAsync(maps, before);
        DiskMap afterMap = await Disk.BuildAsync(maps, after);
        var diff = new DiskMapDiff(beforeMap, afterMap, maps);
        for (int index = 0; index < Math.Max(before.Length, after.Length); index++)
        {
            ChunkId old = index < before.Length ? before[index] : default;
            ChunkId now = index < after.Length ? after[index] : default;
            if (old != now)
            {
                Assert.True(await diff.MoveNextAsync(default));
                Assert.Equal(new MapDifference(index, old, now, Disk.PlaceOf(now)), diff.Current);
            }
        }

        Assert.False(await diff.MoveNextAsync(default));
        Assert.False(await diff.MoveNextAsync(default));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(30)]
    public async Task A_diff_reads_only_the_nodes_that_differ(int changeCount)
    {
        ChunkId[] before = [.. Enumerable.Range(1, 65_536).Select(number => Disk.Id(number))];
        DiskMap beforeMap = await Disk.BuildAsync(maps, before);
        ChunkId[] after = [.. before];
        for (int change = 0; change < changeCount; change++)
        {
            after[change * 2000] = default;
        }

        DiskMap afterMap = await Disk.UpdateAsync(maps, beforeMap, before, after, maps);
        maps.ResetCounts();
        var diff = new DiskMapDiff(beforeMap, afterMap, maps);
        int found = 0;
        while (await diff.MoveNextAsync(default))
        {
            found++;
        }

        Assert.Equal(changeCount, found);
        Assert.InRange(maps.NodeReadCount, Math.Min(1, changeCount) * 8, changeCount * 4 * 2);
    }

    [Fact]
    public async Task A_disk_that_grew_by_zeros_differs_nowhere_and_is_not_read_below_its_old_top()
    {
        ChunkId[] before = [.. Enumerable.Range(1, 256).Select(number => Disk.Id(number))];
        DiskMap beforeMap = await Disk.BuildAsync(maps, before);
        DiskMap afterMap = await Disk.UpdateAsync(maps, beforeMap, before, [.. before, .. new ChunkId[70_000]], maps);
        maps.ResetCounts();
        Assert.False(await new DiskMapDiff(beforeMap, afterMap, maps).MoveNextAsync(default));
        Assert.Equal(afterMap.Height - beforeMap.Height, maps.NodeReadCount);
    }
}
