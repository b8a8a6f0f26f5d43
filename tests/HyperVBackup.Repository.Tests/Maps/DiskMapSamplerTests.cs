using FsCheck.Xunit;
using HyperVBackup.Format;
using HyperVBackup.Repository.Maps;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maps;

/// <summary>Parts that stand for a disk.</summary>
public sealed class DiskMapSamplerTests
{
    private const int Part = 16;

    private readonly MemoryMaps maps = new();

    [Property(MaxTest = 60)]
    public async Task Parts_lie_in_order_on_the_disk_and_whole_is_said_where_nothing_is_left_out(int seed)
    {
        Random random = new(seed);
        ChunkId[] chunks = Disk.Any(random, Disk.AnyCount(random));
        DiskMap map = await Disk.BuildAsync(maps, chunks);
        int partCount = random.Next(1, 40);
        MapSample sample =
            await new DiskMapSampler(maps, map, random.NextDouble()).ChooseAsync(Part, partCount * Part, default);
        long end = 0;
        long found = 0;
        foreach (ChunkRange range in sample.Ranges)
        {
            Assert.InRange(range.StartChunk, end, range.EndChunk - 1);
            end = range.EndChunk;
            Assert.InRange(end, 1, chunks.Length);
            long inside = chunks[(int)range.StartChunk..(int)end].LongCount(chunk => !chunk.IsZero);
            Assert.True(sample.IsWhole || inside > 0);
            Assert.True(sample.IsWhole || range.ChunkCount <= Part);
            found += inside;
        }

        Assert.InRange(sample.Ranges.Count, 1, partCount);
        Assert.Equal(sample.IsWhole, found == chunks.LongCount(chunk => !chunk.IsZero));
        Assert.True(sample.IsWhole || sample.Ranges.Count > 0);
    }

    [Fact]
    public async Task Parts_are_spread_evenly_and_cost_their_paths_only()
    {
        ChunkId[] chunks = [.. Enumerable.Range(1, 16_000).Select(number => Disk.Id(number))];
        DiskMap map = await Disk.BuildAsync(maps, chunks);
        maps.ResetCounts();
        MapSample sample = await new DiskMapSampler(maps, map, 0.5).ChooseAsync(Part, 20 * Part, default);
        Assert.Equal(20, sample.Ranges.Count);
        Assert.False(sample.IsWhole);
        for (int quarter = 0; quarter < 4; quarter++)
        {
            Assert.InRange(sample.Ranges.Count(range => range.StartChunk / 4_000 == quarter), 4, 6);
        }

        Assert.InRange(maps.NodeReadCount, 1, 1 + 4 + 20);
    }

    [Fact]
    public async Task Little_data_on_a_large_disk_is_all_taken()
    {
        ChunkId[] chunks = new ChunkId[40_000];
        chunks[3] = Disk.Id(1);
        chunks[30_000] = Disk.Id(2);
        DiskMap map = await Disk.BuildAsync(maps, chunks);
        MapSample sample = await new DiskMapSampler(maps, map, 0.5).ChooseAsync(Part, 2 * Part, default);
        Assert.Equal([new ChunkRange(0, 40_000)], sample.Ranges);
        Assert.True(sample.IsWhole);
        sample = await new DiskMapSampler(maps, map, 0.5).ChooseAsync(Part, Part, default);
        Assert.False(sample.IsWhole);
        Assert.Equal(Part, Assert.Single(sample.Ranges).ChunkCount);
    }

    [Fact]
    public async Task Another_phase_is_another_choice()
    {
        ChunkId[] chunks = [.. Enumerable.Range(1, 16_000).Select(number => Disk.Id(number))];
        DiskMap map = await Disk.BuildAsync(maps, chunks);
        MapSample one = await new DiskMapSampler(maps, map, 0.1).ChooseAsync(Part, 4 * Part, default);
        MapSample other = await new DiskMapSampler(maps, map, 0.9).ChooseAsync(Part, 4 * Part, default);
        Assert.NotEqual(one.Ranges, other.Ranges);
    }
}
