using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Index;
using HyperVBackup.Repository.Maps;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Repository.Tests.Index;
using HyperVBackup.Repository.Tests.Maintenance;
using HyperVBackup.Repository.Tests.Maintenance.Collect;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Repository.Tests.Packs;

/// <summary>A disk whose every pack a collection deleted, as another host had stored the same: all hints are stale, and
/// no rewritten pack holds anything.</summary>
public sealed class AheadCopiesTests
{
    private const int ChunkCount = 64;
    private const int BatchCount = 4;
    private const long BytesForOneId = 2048;

    [Theory]
    [InlineData(1000, 1)]
    [InlineData(24, 3)] // 24 of 64 at a time
    public async Task Chunks_whose_packs_are_gone_are_found_in_few_passes(int idCountMax, int passCount)
    {
        (SampleRepository sample, RestorePoint point) = await MakeAsync();
        int packCount = sample.Packs(PackKind.Chunks).Count;
        Assert.InRange(packCount, 9, 20);
        BackupRepository host = await BackupRepository.OpenAsync(
            sample.Store, SampleRepository.NewEnvironment() with { MemoryBudgetBytes = idCountMax * BytesForOneId },
            default);
        List<StoreCall> calls = await ReadAsync(sample, host, point, isExpected: true);
        Assert.Equal(passCount + 1, ListingCount(calls)); // once for rewritten packs
        Assert.InRange(calls.Count(call => call.Kind == StoreCallKind.GetLength), packCount, 2 * packCount);
    }

    [Fact]
    public async Task Without_being_told_what_follows_each_batch_takes_one_pass()
    {
        (SampleRepository sample, RestorePoint point) = await MakeAsync();
        BackupRepository host = await SampleRepository.OpenAsync(sample.Store);
        List<StoreCall> calls = await ReadAsync(sample, host, point, isExpected: false);
        Assert.Equal((ChunkCount / BatchCount) + 1, ListingCount(calls));
    }

    [Fact]
    public async Task A_host_whose_index_knows_them_reads_no_tables_and_changes_nothing_of_it()
    {
        using StateFolder state = new();
        (SampleRepository sample, RestorePoint point) = await MakeAsync();
        BackupRepository host = await BackupRepository.OpenAsync(
            sample.Store, SampleRepository.NewEnvironment() with { StateFolder = state.Root }, default);
        await host.RebuildIndexAsync(new Silence<IndexProgress>(), default);
        string manifest = state.ManifestOf(sample.Repository.Id);
        byte[] before = await File.ReadAllBytesAsync(manifest);
        await using (IChunkIndex owned = state.Open(sample.Repository.Id)) // by another process
        {
            List<StoreCall> calls = await ReadAsync(sample, host, point, isExpected: true);
            Assert.DoesNotContain(calls, call => call.Kind == StoreCallKind.GetLength);
            Assert.Equal(2, ListingCount(calls));
        }

        Assert.Equal(before, await File.ReadAllBytesAsync(manifest));
    }

    [Fact]
    public async Task What_lies_beside_what_was_found_is_found_without_a_search()
    {
        (SampleRepository sample, RestorePoint point) = await MakeAsync();
        BackupRepository host = await SampleRepository.OpenAsync(sample.Store);
        await using AheadCopies copies = host.NewAheadCopies();
        CallLog log = new(sample.Store);
        RecordPlace[] places = new RecordPlace[3];
        for (int chunk = 1; chunk <= places.Length; chunk++)
        {
            Digest id = SampleRepository.IdOf(sample.Disks[point.Id][chunk]).Value;
            await foreach (RecordPlace place in copies.CopiesAsync(PackKind.Chunks, id, default))
            {
                places[chunk - 1] = place;
                break;
            }
        }

        sample.Store.Before = null;
        Assert.All(places, place => Assert.Equal(places[0].Pack, place.Pack));
        StoreCall listing = new(StoreCallKind.List, FileNames.ChunkPackFolder);
        Assert.Equal(2, log.Calls.Count(call => call == listing));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Nodes_whose_packs_are_gone_are_found_without_a_search_for_each(bool areFirstCopiesLost)
    {
        (SampleRepository sample, RestorePoint point) = await MakeAsync(hasNodesOfItsOwn: false);
        foreach (BlobName name in sample.Store.Names.Where(
            name => areFirstCopiesLost && name.Path.StartsWith("maps/", StringComparison.Ordinal)))
        {
            await sample.Store.DeleteAsync(name, default);
        }

        BackupRepository host = await SampleRepository.OpenAsync(sample.Store);
        int listings = 0;
        sample.Store.Before = call => listings += call == new StoreCall(StoreCallKind.List, "maps/") ? 1 : 0;
        DiskPoint disk = point.Disks[0];
        DiskMapReader reader = new(
            new DiskMap(disk.ChunkSizeBytes, disk.VirtualSizeBytes, disk.TopNode, disk.TopPlace), host.Nodes);
        MapChunk[] chunks = new MapChunk[ChunkCount];
        await reader.ReadAsync(0, chunks, default);
        sample.Store.Before = null;
        Assert.Equal(1, listings);
        Assert.All(chunks, chunk => Assert.False(chunk.Id.IsZero));
    }

    /// <summary>Two hosts store the same; what the second one stored goes, as it holds more that nobody needs.
    /// </summary>
    /// <param name="hasNodesOfItsOwn">Whether one chunk of each of the second one's nodes is another, which the third
    /// host stored too.</param>
    private static async Task<(SampleRepository Sample, RestorePoint Point)> MakeAsync(bool hasNodesOfItsOwn = true)
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        int[] disk = [.. Enumerable.Range(10, ChunkCount)];
        RestorePoint? first = null;
        for (int count = 8; count <= ChunkCount; count += 8)
        {
            first = await sample.BackUpAsync(disk[..count], first, vm: "first"); // each a pack of its own
        }

        int[] others = [2000, 2001, 2002, 2003];
        for (int node = 0; hasNodesOfItsOwn && node < others.Length; node++)
        {
            disk[node * ChunkCount / others.Length] = others[node];
        }

        RestorePoint old = await sample.BackUpAsync(
            [.. disk, .. Enumerable.Range(1000, 200)], vm: "second", store: CollectSample.StoreAgainAsync);
        await sample.BackUpAsync(others, vm: "third", store: CollectSample.StoreAgainAsync);
        RestorePoint point = await sample.BackUpAsync(disk, old, vm: "second");
        await sample.MarkAsync(old);
        await sample.CollectAsync(CollectSample.WithoutRepacking);
        Assert.DoesNotContain(sample.Packs(PackKind.Chunks), pack => pack.Session == old.Id);
        return (sample, point);
    }

    /// <summary>Reads a disk in batches, and checks it.</summary>
    /// <returns>What the store was asked about chunk packs meanwhile.</returns>
    private static async Task<List<StoreCall>> ReadAsync(
        SampleRepository sample, BackupRepository host, RestorePoint point, bool isExpected)
    {
        await using ReadingSession session =
            await host.OpenReadingSessionAsync(LeaseKind.Restore, point.Id, default);
        DiskPoint disk = session.Point.Disks[0];
        DiskMap map = new(disk.ChunkSizeBytes, disk.VirtualSizeBytes, disk.TopNode, disk.TopPlace);
        MapChunk[] chunks = new MapChunk[ChunkCount];
        await new DiskMapReader(map, session.Nodes).ReadAsync(0, chunks, default);
        if (isExpected)
        {
            session.Expect(map, [new ChunkRange(0, ChunkCount)]);
        }

        CallLog log = new(sample.Store);
        byte[] bytes = new byte[BatchCount * SampleRepository.ChunkSizeBytes];
        for (int start = 0; start < ChunkCount; start += BatchCount)
        {
            await session.ReadChunksAsync(chunks.AsMemory(start, BatchCount), bytes, default);
            byte[] expected =
                [.. sample.Disks[point.Id].Skip(start).Take(BatchCount).SelectMany(SampleRepository.Chunk)];
            Assert.True(expected.AsSpan().SequenceEqual(bytes), $"batch at {start} reads wrong");
        }

        sample.Store.Before = null;
        return [.. log.Calls.Where(call => call.Name.StartsWith(FileNames.ChunkPackFolder, StringComparison.Ordinal))];
    }

    private static int ListingCount(List<StoreCall> calls) => calls.Count(call => call.Kind == StoreCallKind.List);
}
