using FsCheck.Xunit;
using HyperVBackup.Format;
using HyperVBackup.Format.Maps;
using HyperVBackup.Repository.Maps;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maps;

public sealed class ChangeFoldTests
{
    private readonly MemoryMaps maps = new();

    [Property(MaxTest = 40)]
    public async Task Folding_is_applying_one_list_after_the_other(int seed)
    {
        var random = new Random(seed);
        SortedDictionary<long, ChunkId> expected = [];
        List<ListReference> lists = [];
        for (int step = random.Next(6); step > 0; step--)
        {
            List<ChangedChunk> changes = Changes.Between(new ChunkId[4000], Disk.Any(random, 4000));
            changes.RemoveAll(change => random.Next(4) == 0);
            changes.ForEach(change => expected[change.ChunkIndex] = change.Id);
            lists.Add(await Changes.StoreAsync(maps, changes));
        }

        Assert.Equal(expected.Select(pair => new ChangedChunk(pair.Key, pair.Value)), await FoldAsync(lists));
    }

    [Fact]
    public async Task The_newest_change_counts_even_where_it_is_zeros()
    {
        ListReference older = await Changes.StoreAsync(maps, [new(3, Disk.Id(1)), new(4, Disk.Id(2))]);
        ListReference newer = await Changes.StoreAsync(maps, [new(3, default)]);
        Assert.Equal([new(3, default), new(4, Disk.Id(2))], await FoldAsync([older, newer]));
        Assert.Equal([new(3, Disk.Id(1)), new(4, Disk.Id(2))], await FoldAsync([newer, older]));
    }

    [Theory]
    [InlineData(1_000_000_000, 4, 6)]
    [InlineData(1_000_000, 5, 10)]
    public async Task Of_very_many_lists_no_segment_is_kept(long keptBytesMax, int expectedLevel, int expectedReads)
    {
        List<ListReference> lists = [];
        for (int start = 0; start < 2; start++)
        {
            lists.Add(await Changes.StoreAsync(
                maps,
                Enumerable.Range(0, 26_000).Select(index => new ChangedChunk(start + (index * 50), Disk.Id(start)))));
        }

        lists.Add(await Changes.StoreAsync(maps, []));
        maps.ResetCounts();
        ChangeSlabs slabs = new(lists, maps, levelMax: 8, keptBytesMax);
        Assert.Equal(expectedLevel, slabs.Level);
        ChangeSlab slab = new(slabs.Level);
        int position = 0;
        while (await slabs.TryFillAsync(slab, default))
        {
            for (int at = slab.FindFrom(0); at >= 0; at = slab.FindFrom(at + 1), position++)
            {
                Assert.Equal(((position / 2) * 50) + (position % 2), slab.FirstChunk + at);
                Assert.Equal(Disk.Id(position % 2), slab.IdAt(at));
            }
        }

        Assert.Equal((52_000, expectedReads), (position, maps.ListReadCount));
    }

    private async Task<List<ChangedChunk>> FoldAsync(List<ListReference> lists)
    {
        var fold = new ChangeFold(lists, maps);
        List<ChangedChunk> folded = [];
        while (await fold.MoveNextAsync(default))
        {
            folded.Add(fold.Current);
        }

        return folded;
    }
}
