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
