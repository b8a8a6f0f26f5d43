using FsCheck.Xunit;
using HyperVBackup.Format;
using HyperVBackup.Format.Maps;
using HyperVBackup.Repository.Maps;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maps;

public sealed class SyntheticProofTests
{
    private readonly MemoryMaps maps = new();

    /// <summary>A run of states of one disk that never shrinks, with the list of each step.</summary>
    private sealed record Run(ChunkId[] Ancestor, List<List<ChangedChunk>> Lists, ChunkId[] Newest)
    {
        public static Run Any(Random random)
        {
            ChunkId[] ancestor = Disk.Any(random, Disk.AnyCount(random));
            ChunkId[] newest = ancestor;
            List<List<ChangedChunk>> lists = [];
            for (int step = random.Next(5); step > 0; step--)
            {
                int count = newest.Length + (random.Next(3) == 0 ? random.Next(600) : 0);
                ChunkId[] next = Disk.Change(random, newest, count);
                lists.Add(Changes.Between(newest, next));
                newest = next;
            }

            return new Run(ancestor, lists, newest);
        }

        /// <summary>The chunks where the lists do not lead to the newest state.</summary>
        public List<int> Wrong()
        {
            ChunkId[] folded = new ChunkId[Newest.Length];
            Ancestor.CopyTo(folded, 0);
            Lists.SelectMany(list => list).ToList().ForEach(change => folded[change.ChunkIndex] = change.Id);
            return [.. Enumerable.Range(0, folded.Length).Where(index => folded[index] != Newest[index])];
        }
    }

    [Property(MaxTest = 40)]
    public async Task An_untouched_run_is_equal(int seed)
    {
        Run run = Run.Any(new Random(seed));
        SyntheticProofResult result = await ProveAsync(run);
        Assert.True(result.IsEqual);
        Assert.Empty(result.DifferentRanges);
        Assert.Equal(
            run.Lists.SelectMany(list => list).Select(change => change.ChunkIndex).Distinct().LongCount(),
            result.FoldedChunkCount);
    }

    [Property(MaxTest = 60)]
    public async Task Every_tampered_missing_or_extra_entry_that_matters_is_found_and_its_range_named(int seed)
    {
        var random = new Random(seed);
        Run run = Run.Any(random);
        run.Lists.Add([]);
        for (int fault = random.Next(1, 4); fault > 0; fault--)
        {
            Tamper(random, run.Lists[random.Next(run.Lists.Count)], run);
        }

        List<int> wrong = run.Wrong();
        SyntheticProofResult result = await ProveAsync(run);
        Assert.Equal(wrong.Count == 0, result.IsEqual);
        Assert.Equal(wrong.Count, result.DifferentChunkCount);
        Assert.Equal(wrong, ChunksOf(result));
        Assert.All(result.DifferentRanges, range => Assert.True(
            range.EndBytes <= Disk.EmptyMap(run.Newest.Length).VirtualSizeBytes));
    }

    [Theory]
    [InlineData("change")]
    [InlineData("remove")]
    [InlineData("add")]
    public async Task A_single_wrong_entry_is_named(string fault)
    {
        ChunkId[] ancestor = [.. Enumerable.Range(1, 5000).Select(number => Disk.Id(number))];
        ChunkId[] newest = [.. ancestor];
        newest[300] = Disk.Id(-1);
        newest[4100] = default;
        List<ChangedChunk> changes = Changes.Between(ancestor, newest);
        switch (fault)
        {
            case "change":
                changes[1] = new ChangedChunk(4100, Disk.Id(-2));
                break;
            case "remove":
                changes.RemoveAt(1);
                break;
            default:
                changes[1] = new ChangedChunk(4100, default);
                changes.Add(new ChangedChunk(4101, Disk.Id(-3)));
                break;
        }

        SyntheticProofResult result = await ProveAsync(new Run(ancestor, [changes], newest));
        int expected = fault == "add" ? 4101 : 4100;
        Assert.False(result.IsEqual);
        Assert.Equal(
            [new ListedRange((long)expected * Disk.ChunkSizeBytes, Disk.ChunkSizeBytes)], result.DifferentRanges);
    }

    [Fact]
    public async Task An_entry_past_the_end_is_a_difference()
    {
        SyntheticProofResult result = await ProveAsync(
            new Run([Disk.Id(1)], [[new ChangedChunk(0, Disk.Id(2)), new ChangedChunk(1, default)]], [Disk.Id(2)]));
        Assert.False(result.IsEqual);
        Assert.Equal([new ListedRange(Disk.ChunkSizeBytes, Disk.ChunkSizeBytes)], result.DifferentRanges);
    }

    [Fact]
    public async Task A_recorded_root_that_is_not_its_maps_is_not_equal()
    {
        DiskMap map = await Disk.BuildAsync(maps, [Disk.Id(1)]);
        SyntheticProofResult result = await new SyntheticProof(maps, ContentHasher.Plain).ProveAsync(
            map, [], map, new DiskRoot(Disk.Id(9).Value), default);
        Assert.Equal((false, 0L), (result.IsEqual, result.DifferentRangeCount));
    }

    [Fact]
    public async Task Of_many_ranges_the_first_hundred_are_named_and_all_counted()
    {
        ChunkId[] newest = [.. Enumerable.Range(0, 1000).Select(number => number % 4 < 2 ? Disk.Id(1) : default)];
        SyntheticProofResult result = await ProveAsync(new Run(new ChunkId[1000], [[]], newest));
        Assert.Equal(SyntheticProof.RangeCountMax, result.DifferentRanges.Count);
        Assert.Equal((250L, 500L), (result.DifferentRangeCount, result.DifferentChunkCount));
        Assert.Equal(
            new ListedRange(99L * 4 * Disk.ChunkSizeBytes, 2 * Disk.ChunkSizeBytes), result.DifferentRanges[^1]);
    }

    [Fact]
    public async Task A_disk_that_shrank_is_refused()
    {
        DiskMap large = await Disk.BuildAsync(maps, new ChunkId[50]);
        DiskMap small = await Disk.BuildAsync(maps, new ChunkId[20]);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => new SyntheticProof(maps, ContentHasher.Plain)
            .ProveAsync(large, [], small, small.Root(ContentHasher.Plain), default));
    }

    [Fact]
    public async Task A_proof_stores_nothing_and_reads_only_what_changed()
    {
        ChunkId[] ancestor = [.. Enumerable.Range(1, 65_536).Select(number => Disk.Id(number))];
        ChunkId[] newest = [.. ancestor];
        newest[40_000] = Disk.Id(-1);
        DiskMap before = await Disk.BuildAsync(maps, ancestor);
        DiskMap after = await Disk.UpdateAsync(maps, before, ancestor, newest, maps);
        ListReference list = await Changes.StoreAsync(maps, Changes.Between(ancestor, newest));
        maps.ResetCounts();
        SyntheticProofResult result = await new SyntheticProof(maps, ContentHasher.Plain)
            .ProveAsync(before, [list], after, after.Root(ContentHasher.Plain), default);
        Assert.True(result.IsEqual);
        Assert.Equal((4, 0), (maps.NodeReadCount, maps.NodeWriteCount));
    }

    [Theory]
    [InlineData(256, 256, 2)]
    [InlineData(256, 255, 4)]
    [InlineData(0, 65_536, 0)]
    public async Task A_node_all_of_whose_chunks_changed_is_not_read(int first, int count, int expectedReads)
    {
        ChunkId[] ancestor = [.. Enumerable.Range(1, 65_536).Select(number => Disk.Id(number))];
        ChunkId[] newest = [.. ancestor];
        Enumerable.Range(first, count).ToList().ForEach(index => newest[index] = Disk.Id(-1 - index));
        DiskMap before = await Disk.BuildAsync(maps, ancestor);
        DiskMap after = await Disk.BuildAsync(maps, newest);
        ListReference list = await Changes.StoreAsync(maps, Changes.Between(ancestor, newest));
        maps.ResetCounts();
        SyntheticProofResult result = await new SyntheticProof(maps, ContentHasher.Plain)
            .ProveAsync(before, [list], after, after.Root(ContentHasher.Plain), default);
        Assert.True(result.IsEqual);
        Assert.Equal(expectedReads, maps.NodeReadCount);
    }

    [Theory]
    [InlineData(70_000, 300_000)]
    [InlineData(3, 70_000)]
    [InlineData(1_100_000, 1_100_001)]
    public async Task Disks_of_many_slabs_and_of_grown_height_are_proven_by_several_workers(int before, int after)
    {
        var random = new Random(before);
        ChunkId[] ancestor = [.. Enumerable.Range(1, before).Select(number => Disk.Id(number))];
        List<List<ChangedChunk>> lists = [];
        ChunkId[] newest = ancestor;
        for (int step = 0; step < 3; step++)
        {
            ChunkId[] next = new ChunkId[after];
            newest.CopyTo(next, 0);
            for (int change = 0; change < 300; change++)
            {
                next[random.Next(after)] = random.Next(4) == 0 ? default : Disk.Id(random.Next());
            }

            lists.Add(Changes.Between(newest, next));
            newest = next;
        }

        SyntheticProofResult result = await ProveAsync(new Run(ancestor, lists, newest), workerCount: 3);
        Assert.True(result.IsEqual);
    }

    private static void Tamper(Random random, List<ChangedChunk> list, Run run)
    {
        int at = random.Next(list.Count + 1);
        switch (at < list.Count ? random.Next(3) : 2)
        {
            case 0:
                list[at] = list[at] with { Id = Disk.Id(-1 - random.Next(9)) };
                break;
            case 1:
                list.RemoveAt(at);
                break;
            default:
                int index = random.Next(run.Newest.Length);
                list.RemoveAll(change => change.ChunkIndex == index);
                list.Add(new ChangedChunk(index, random.Next(2) == 0 ? default : Disk.Id(-20)));
                list.Sort((one, other) => one.ChunkIndex.CompareTo(other.ChunkIndex));
                break;
        }
    }

    private static IEnumerable<int> ChunksOf(SyntheticProofResult result) => result.DifferentRanges.SelectMany(range =>
    {
        int first = (int)(range.StartBytes / Disk.ChunkSizeBytes);
        int last = (int)((range.EndBytes - 1) / Disk.ChunkSizeBytes);
        return Enumerable.Range(first, last - first + 1);
    });

    private async Task<SyntheticProofResult> ProveAsync(Run run, int workerCount = 1)
    {
        List<ListReference> lists = [];
        foreach (List<ChangedChunk> list in run.Lists)
        {
            lists.Add(await Changes.StoreAsync(maps, list));
        }

        DiskMap ancestor = await Disk.BuildAsync(maps, run.Ancestor);
        DiskMap newest = await Disk.BuildAsync(maps, run.Newest);
        return await new SyntheticProof(maps, ContentHasher.Plain, workerCount)
            .ProveAsync(ancestor, lists, newest, newest.Root(ContentHasher.Plain), default);
    }
}
