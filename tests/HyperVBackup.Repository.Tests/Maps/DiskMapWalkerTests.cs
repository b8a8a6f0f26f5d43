using HyperVBackup.Format;
using HyperVBackup.Format.Maps;
using HyperVBackup.Repository.Maps;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maps;

public sealed class DiskMapWalkerTests
{
    private readonly MemoryMaps maps = new();

    [Fact]
    public async Task A_walk_comes_by_every_node_once_and_every_chunk_in_order()
    {
        ChunkId[] chunks =
            [.. Enumerable.Range(0, 5000).Select(number => number % 40 < 20 ? default : Disk.Id(number))];
        DiskMap map = await Disk.BuildAsync(maps, chunks);
        maps.ResetCounts();
        var visitor = new Visitor();
        await new DiskMapWalker(maps).WalkAsync(map, visitor, default);
        Assert.Equal(
            chunks.Index().Where(chunk => !chunk.Item.IsZero).Select(chunk => (long)chunk.Index), visitor.Chunks.Keys);
        Assert.All(visitor.Chunks, chunk => Assert.Equal(
            new MapChunk(chunks[chunk.Key], Disk.PlaceOf(chunks[chunk.Key])), chunk.Value));
        Assert.Equal(maps.NodeCount, visitor.Parts.Count);
        Assert.Equal(maps.NodeCount, maps.NodeReadCount);
        Assert.Equal(new MapPart(map.Top, 4, map.TopPlace, 0, map.VirtualSizeBytes), visitor.Parts[0]);
    }

    [Fact]
    public async Task A_second_map_costs_only_the_nodes_that_the_first_has_not()
    {
        ChunkId[] before = [.. Enumerable.Range(1, 5000).Select(number => Disk.Id(number))];
        DiskMap beforeMap = await Disk.BuildAsync(maps, before);
        ChunkId[] after = [.. before];
        after[3000] = Disk.Id(-3);
        DiskMap afterMap = await Disk.UpdateAsync(maps, beforeMap, before, after, maps);
        var visitor = new Visitor();
        await new DiskMapWalker(maps).WalkAsync(beforeMap, visitor, default);
        visitor.Chunks.Clear();
        maps.ResetCounts();
        await new DiskMapWalker(maps).WalkAsync(afterMap, visitor, default);
        Assert.Equal(4, maps.NodeReadCount);
        Assert.Equal(16, visitor.Chunks.Count);
    }

    [Fact]
    public async Task A_damaged_node_is_reported_with_its_range_and_the_walk_goes_on()
    {
        ChunkId[] chunks = [.. Enumerable.Range(1, 5000).Select(number => Disk.Id(number))];
        DiskMap map = await Disk.BuildAsync(maps, chunks);
        var reader = new DiskMapReader(map, maps);
        MapNode? leaf = (await reader.RegionAtAsync(4990, default)).Leaf;
        maps.Damaged.Add(leaf!.IdOf(ContentHasher.Plain));
        var visitor = new Visitor();
        await new DiskMapWalker(maps).WalkAsync(map, visitor, default);
        MapPart damaged = Assert.Single(visitor.Damage);
        Assert.Equal(4976L * Disk.ChunkSizeBytes, damaged.StartBytes);
        Assert.Equal(4992L * Disk.ChunkSizeBytes, damaged.EndBytes);
        Assert.Equal(5000 - 16, visitor.Chunks.Count);
    }

    [Fact]
    public async Task The_part_of_the_last_node_ends_with_the_disk()
    {
        DiskMap map = await Disk.BuildAsync(maps, [.. Enumerable.Range(1, 20).Select(number => Disk.Id(number))]);
        var visitor = new Visitor();
        await new DiskMapWalker(maps).WalkAsync(map, visitor, default);
        Assert.Equal(3, visitor.Parts.Count);
        Assert.Equal(16L * Disk.ChunkSizeBytes, visitor.Parts[2].StartBytes);
        Assert.Equal(map.VirtualSizeBytes, visitor.Parts[2].EndBytes);
    }

    [Fact]
    public async Task A_disk_of_zeros_has_nothing_to_visit()
    {
        await new DiskMapWalker(maps).WalkAsync(DiskMap.Empty(Disk.ChunkSizeBytes, 1L << 40), new Visitor(), default);
        Assert.Equal(0, maps.NodeReadCount);
    }

    private sealed class Visitor : IMapVisitor
    {
        private readonly HashSet<NodeId> seen = [];

        public List<MapPart> Parts { get; } = [];

        public List<MapPart> Damage { get; } = [];

        public SortedList<long, MapChunk> Chunks { get; } = [];

        public bool Enter(MapPart part) => seen.Add(part.Id);

        public ValueTask VisitNodeAsync(MapPart part, MapNode node, CancellationToken token)
        {
            Parts.Add(part);
            Assert.Equal(part.Level, node.Level);
            return default;
        }

        public ValueTask VisitChunkAsync(long chunkIndex, MapChunk chunk, CancellationToken token)
        {
            Assert.True(Chunks.Count == 0 || chunkIndex > Chunks.GetKeyAtIndex(Chunks.Count - 1));
            Chunks.Add(chunkIndex, chunk);
            return default;
        }

        public ValueTask ReportDamageAsync(MapPart part, CorruptDataException damage, CancellationToken token)
        {
            Damage.Add(part);
            return default;
        }
    }
}
