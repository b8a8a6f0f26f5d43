using FsCheck.Xunit;
using HyperVBackup.Format;
using HyperVBackup.Repository.Maps;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maps;

public sealed class DiskMapWriterTests
{
    private readonly MemoryMaps maps = new();

    [Property(MaxTest = 60)]
    public async Task A_map_is_the_same_however_it_came_about(int seed)
    {
        var random = new Random(seed);
        ChunkId[] before = Disk.Any(random, Disk.AnyCount(random));
        DiskMap parent = await Disk.BuildAsync(maps, before);
        Assert.Equal(NaiveTree.TopOf(before), parent.Top);
        for (int step = 0; step < 4; step++)
        {
            int count = random.Next(2) == 0 ? before.Length : Disk.AnyCount(random);
            ChunkId[] after = Disk.Change(random, before, count);
            DiskMap computed = await Disk.UpdateAsync(maps, parent, before, after, sink: null);
            DiskMap map = await Disk.UpdateAsync(maps, parent, before, after, maps);
            Assert.Equal(NaiveTree.TopOf(after), map.Top);
            Assert.Equal(map.Top, computed.Top);
            Assert.Equal(Disk.EmptyMap(count).VirtualSizeBytes, map.VirtualSizeBytes);
            await AssertHoldsAsync(after, map);
            (before, parent) = (after, map);
        }
    }

    [Fact]
    public async Task Chunks_set_to_what_they_were_write_nothing_and_keep_the_top_and_its_place()
    {
        ChunkId[] chunks = [.. Enumerable.Range(1, 1000).Select(number => Disk.Id(number))];
        DiskMap parent = await Disk.BuildAsync(maps, chunks);
        maps.ResetCounts();
        DiskMapWriter writer = Disk.Writer(maps, parent, chunks.Length, maps);
        for (int index = 0; index < chunks.Length; index++)
        {
            await writer.SetAsync(index, chunks[index], index % 2 == 0 ? default : Disk.PlaceOf(Disk.Id(1)), default);
        }

        Assert.Equal(parent, await writer.FinishAsync(default));
        Assert.Equal(0, maps.NodeWriteCount);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(40)]
    public async Task Scattered_changes_read_and_write_only_their_paths(int changeCount)
    {
        ChunkId[] before = [.. Enumerable.Range(1, 65_536).Select(number => Disk.Id(number))];
        DiskMap parent = await Disk.BuildAsync(maps, before);
        maps.ResetCounts();
        ChunkId[] after = [.. before];
        for (int change = 0; change < changeCount; change++)
        {
            after[change * 1600] = Disk.Id(-1 - change);
        }

        await Disk.UpdateAsync(maps, parent, before, after, maps);
        Assert.InRange(maps.NodeReadCount, 4, changeCount * 4);
        Assert.Equal(maps.NodeReadCount, maps.NodeWriteCount);
    }

    [Fact]
    public async Task Growth_reads_nothing_of_what_the_disk_held()
    {
        ChunkId[] before = [.. Enumerable.Range(1, 256).Select(number => Disk.Id(number))];
        DiskMap parent = await Disk.BuildAsync(maps, before);
        maps.ResetCounts();
        ChunkId[] after = new ChunkId[70_000];
        before.CopyTo(after, 0);
        after[^1] = Disk.Id(5);
        DiskMap map = await Disk.UpdateAsync(maps, parent, before, after, maps);
        Assert.Equal(NaiveTree.TopOf(after), map.Top);
        Assert.Equal(0, maps.NodeReadCount);
    }

    [Fact]
    public async Task Shrinking_reads_only_the_path_to_the_new_end()
    {
        ChunkId[] before = [.. Enumerable.Range(1, 65_536).Select(number => Disk.Id(number))];
        DiskMap parent = await Disk.BuildAsync(maps, before);
        maps.ResetCounts();
        DiskMap map = await Disk.UpdateAsync(maps, parent, before, before[..300], maps);
        Assert.Equal(NaiveTree.TopOf(before.AsSpan(0, 300)), map.Top);
        Assert.InRange(maps.NodeReadCount, 1, 4);
    }

    [Fact]
    public async Task Nothing_set_reads_and_writes_nothing()
    {
        ChunkId[] chunks = [.. Enumerable.Range(1, 5000).Select(number => Disk.Id(number))];
        DiskMap parent = await Disk.BuildAsync(maps, chunks);
        maps.ResetCounts();
        Assert.Equal(parent, await Disk.Writer(maps, parent, chunks.Length, maps).FinishAsync(default));
        Assert.Equal((0, 0), (maps.NodeReadCount, maps.NodeWriteCount));
    }

    [Fact]
    public async Task The_largest_disk_of_zeros_has_the_zero_top_and_costs_nothing()
    {
        DiskMap empty = DiskMap.Empty(Disk.ChunkSizeBytes, 64L << 40);
        var writer = new DiskMapWriter(empty, empty.VirtualSizeBytes, maps, maps, ContentHasher.Plain);
        await writer.SetAsync(0, default, default, default);
        await writer.SetAsync(empty.ChunkCount - 1, default, default, default);
        DiskMap map = await writer.FinishAsync(default);
        Assert.Equal(8, map.Height);
        Assert.Equal((true, 0, 0), (map.Top.IsZero, maps.NodeReadCount, maps.NodeCount));
        var cursor = new DiskMapCursor(new DiskMapReader(map, maps), 0, map.ChunkCount);
        Assert.False(await cursor.MoveNextAsync(default));
    }

    [Fact]
    public async Task A_disk_of_no_bytes_has_the_zero_top()
    {
        DiskMap full = await Disk.BuildAsync(maps, [Disk.Id(1), Disk.Id(2)]);
        DiskMap none = await new DiskMapWriter(full, 0, maps, maps, ContentHasher.Plain).FinishAsync(default);
        Assert.Equal((0L, 1, true), (none.ChunkCount, none.Height, none.Top.IsZero));
    }

    [Fact]
    public async Task Zeroing_every_chunk_gives_the_zero_top()
    {
        ChunkId[] before = [.. Enumerable.Range(1, 300).Select(number => Disk.Id(number))];
        DiskMap parent = await Disk.BuildAsync(maps, before);
        maps.ResetCounts();
        DiskMap map = await Disk.UpdateAsync(maps, parent, before, new ChunkId[300], maps);
        Assert.Equal((true, true, 0), (map.Top.IsZero, map.TopPlace.IsUnknown, maps.NodeWriteCount));
    }

    [Fact]
    public async Task Chunks_out_of_order_or_past_the_end_are_refused()
    {
        DiskMapWriter writer = Disk.Writer(maps, Disk.EmptyMap(10), 10, maps);
        await writer.SetAsync(4, Disk.Id(1), default, default);
        await AssertRefusedAsync(() => writer.SetAsync(4, Disk.Id(1), default, default));
        await AssertRefusedAsync(() => writer.SetAsync(3, Disk.Id(1), default, default));
        await AssertRefusedAsync(() => writer.SetAsync(10, Disk.Id(1), default, default));
        await AssertRefusedAsync(() => writer.SetAsync(-1, Disk.Id(1), default, default));
        await writer.FinishAsync(default);
        await AssertRefusedAsync(() => writer.SetAsync(5, Disk.Id(1), default, default));
    }

    [Fact]
    public async Task Setting_chunks_of_one_node_allocates_nothing()
    {
        DiskMapWriter writer = Disk.Writer(maps, Disk.EmptyMap(16), 16, sink: null);
        await writer.SetAsync(0, Disk.Id(1), default, default);
        long before = GC.GetAllocatedBytesForCurrentThread();
        bool isDone = true;
        for (int index = 1; index < 16; index++)
        {
            ValueTask set = writer.SetAsync(index, Disk.Id(index), default, default);
            isDone &= set.IsCompletedSuccessfully;
            await set;
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.True(isDone);
    }

    private static async Task AssertRefusedAsync(Func<ValueTask> set) =>
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await set());

    private async Task AssertHoldsAsync(ChunkId[] expected, DiskMap map)
    {
        MapChunk[] chunks = new MapChunk[expected.Length];
        await new DiskMapReader(map, maps).ReadAsync(0, chunks, default);
        Assert.Equal(expected, chunks.Select(chunk => chunk.Id));
        Assert.Equal(expected.Select(Disk.PlaceOf), chunks.Select(chunk => chunk.Place));
    }
}
