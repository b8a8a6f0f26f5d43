using FsCheck.Xunit;
using HyperVBackup.Format;
using HyperVBackup.Format.Maps;
using HyperVBackup.Repository.Maps;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maps;

public sealed class DiskMapReaderTests
{
    private readonly MemoryMaps maps = new();

    [Property(MaxTest = 40)]
    public async Task Every_way_to_read_gives_the_chunks(int seed)
    {
        var random = new Random(seed);
        ChunkId[] chunks = Disk.Any(random, Disk.AnyCount(random));
        var reader = new DiskMapReader(await Disk.BuildAsync(maps, chunks), maps);
        for (int look = 0; look < 300; look++)
        {
            int index = random.Next(chunks.Length);
            MapChunk expected = new(chunks[index], Disk.PlaceOf(chunks[index]));
            Assert.Equal(expected, await reader.FindAsync(index, default));
        }

        int start = random.Next(chunks.Length);
        MapChunk[] batch = new MapChunk[random.Next(chunks.Length - start + 1)];
        Array.Fill(batch, new MapChunk(Disk.Id(-7), default));
        await reader.ReadAsync(start, batch, default);
        Assert.Equal(chunks.AsSpan(start, batch.Length).ToArray(), batch.Select(chunk => chunk.Id));
        int end = start + batch.Length + random.Next(2);
        await AssertCursorAsync(chunks, reader, start, end);
    }

    [Fact]
    public async Task Reading_in_order_reads_each_node_once()
    {
        ChunkId[] chunks = [.. Enumerable.Range(1, 5000).Select(number => Disk.Id(number))];
        DiskMap map = await Disk.BuildAsync(maps, chunks);
        maps.ResetCounts();
        var reader = new DiskMapReader(map, maps);
        for (int index = 0; index < chunks.Length; index++)
        {
            Assert.Equal(chunks[index], (await reader.FindAsync(index, default)).Id);
        }

        Assert.Equal(maps.NodeCount, maps.NodeReadCount);
        Assert.Equal(20, maps.BatchReadCount); // 5000 chunks lie below 20 nodes of level 2
    }

    [Fact]
    public async Task A_leaf_that_cannot_be_read_fails_who_asks_for_it_and_nobody_else()
    {
        ChunkId[] chunks = [.. Enumerable.Range(1, 5000).Select(number => Disk.Id(number))];
        DiskMap map = await Disk.BuildAsync(maps, chunks);
        MapNode? leaf = (await new DiskMapReader(map, maps).RegionAtAsync(100, default)).Leaf;
        maps.Damaged.Add(leaf!.IdOf(ContentHasher.Plain));
        var reader = new DiskMapReader(map, maps);
        for (int index = 0; index < chunks.Length; index++)
        {
            if (index / 16 == 100 / 16)
            {
                await Assert.ThrowsAsync<CorruptDataException>(async () => await reader.FindAsync(index, default));
            }
            else
            {
                Assert.Equal(chunks[index], (await reader.FindAsync(index, default)).Id);
            }
        }
    }

    [Fact]
    public async Task Chunks_here_and_there_do_not_cost_the_leaves_around_them()
    {
        ChunkId[] chunks = [.. Enumerable.Range(1, 5000).Select(number => Disk.Id(number))];
        var reader = new DiskMapReader(await Disk.BuildAsync(maps, chunks), maps);
        maps.ResetCounts();
        for (int index = 20; index < chunks.Length; index += 40)
        {
            Assert.Equal(chunks[index], (await reader.FindAsync(index, default)).Id);
        }

        Assert.Equal(0, maps.BatchReadCount);
    }

    [Fact]
    public async Task Returning_to_a_recent_node_does_not_read_it_again()
    {
        ChunkId[] chunks = [.. Enumerable.Range(1, 5000).Select(number => Disk.Id(number))];
        var reader = new DiskMapReader(await Disk.BuildAsync(maps, chunks), maps);
        await reader.FindAsync(0, default);
        await reader.FindAsync(40, default);
        maps.ResetCounts();
        for (int look = 0; look < 10; look++)
        {
            Assert.Equal(chunks[1], (await reader.FindAsync(1, default)).Id);
            Assert.Equal(chunks[41], (await reader.FindAsync(41, default)).Id);
        }

        Assert.Equal(0, maps.NodeReadCount);
    }

    [Fact]
    public async Task Two_chunks_at_the_ends_of_the_largest_disk_cost_two_paths()
    {
        DiskMap empty = DiskMap.Empty(Disk.ChunkSizeBytes, 64L << 40);
        var writer = new DiskMapWriter(empty, empty.VirtualSizeBytes, maps, maps, ContentHasher.Plain);
        await writer.SetAsync(0, Disk.Id(1), default, default);
        await writer.SetAsync(empty.ChunkCount - 1, Disk.Id(2), default, default);
        DiskMap map = await writer.FinishAsync(default);
        maps.ResetCounts();
        var cursor = new DiskMapCursor(new DiskMapReader(map, maps), 0, long.MaxValue);
        Assert.True(await cursor.MoveNextAsync(default));
        Assert.Equal((0L, Disk.Id(1)), (cursor.ChunkIndex, cursor.Chunk.Id));
        Assert.True(await cursor.MoveNextAsync(default));
        Assert.Equal((empty.ChunkCount - 1, Disk.Id(2)), (cursor.ChunkIndex, cursor.Chunk.Id));
        Assert.False(await cursor.MoveNextAsync(default));
        Assert.Equal((15, 15), (maps.NodeReadCount, maps.NodeCount));
    }

    [Fact]
    public async Task Reads_past_the_end_are_refused()
    {
        var reader = new DiskMapReader(await Disk.BuildAsync(maps, [Disk.Id(1), Disk.Id(2)]), maps);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await reader.FindAsync(2, default));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await reader.FindAsync(-1, default));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            async () => await reader.ReadAsync(1, new MapChunk[2], default));
    }

    private static async Task AssertCursorAsync(ChunkId[] chunks, DiskMapReader reader, int start, int end)
    {
        var cursor = new DiskMapCursor(reader, start, end);
        for (int index = start; index < Math.Min(end, chunks.Length); index++)
        {
            if (!chunks[index].IsZero)
            {
                Assert.True(await cursor.MoveNextAsync(default));
                Assert.Equal((index, chunks[index]), (cursor.ChunkIndex, cursor.Chunk.Id));
            }
        }

        Assert.False(await cursor.MoveNextAsync(default));
    }
}
