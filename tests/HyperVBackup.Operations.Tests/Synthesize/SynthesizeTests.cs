using HyperVBackup.Disks;
using HyperVBackup.Format;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Synthesize;
using HyperVBackup.Operations.Tests.Kit;
using HyperVBackup.Repository.Maps;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Operations.Tests.Synthesize;

/// <summary>A synthetic full is proven or not made.</summary>
public sealed class SynthesizeTests
{
    private const int Chunk = Bench.ChunkSizeBytes;

    private readonly MemoryStore store = new();
    private readonly MemoryDisk disk = Content.RandomDisk(40 * Chunk, 1);
    private readonly List<byte[]> contents = [];

    [Fact]
    public async Task It_is_proven_over_all_lists_back_to_the_full_and_reads_no_chunk()
    {
        Bench bench = await HistoryAsync(4);
        RestorePoint newest = (await bench.PointsAsync())[^1];
        List<string> read = [];
        store.Before = call =>
        {
            if (call.Kind == StoreCallKind.Read && call.Name.StartsWith("packs/", StringComparison.Ordinal))
            {
                read.Add(call.Name);
            }
        };
        RestorePoint made = (await (await bench.ReopenAsync(9)).SynthesizeAsync()).Point;
        store.Before = null;
        Assert.Equal(newest.Disks[0].Root, made.Disks[0].Root);
        Assert.Equal(RestorePointKind.Synthetic, made.Kind);
        Assert.Equal(3, made.Disks[0].Statistics.ListsFolded);
        Assert.Equal(newest.Disks[0].TrackingId, made.Disks[0].TrackingId);
        Assert.True(made.Disks[0].Parent.IsNone);
        Assert.Equal(newest.Sequence + 1, made.Sequence);
        Assert.Equal(contents[^1], await bench.ReadAsync(made.Id, "disk"));
        Assert.All(read, name => Assert.DoesNotContain("packs/", name[6..], StringComparison.Ordinal));
    }

    [Fact]
    public async Task After_it_an_incremental_goes_on_from_the_same_tracking_id()
    {
        Bench bench = await HistoryAsync(3);
        RestorePoint made = (await bench.SynthesizeAsync()).Point;
        (long, long) range = disk.Change(9 * Chunk, 10, 77);
        DiskPoint next = await bench.TrackAsync(disk.Snapshot(), "t3", "t4", range);
        Assert.Equal(RestorePointKind.Incremental, next.Kind);
        Assert.Equal(made.Id, next.Parent);
        Assert.Equal(1, (await bench.SynthesizeAsync()).Point.Disks[0].Statistics.ListsFolded);
        Assert.Equal(disk.Bytes, await bench.ReadAsync((await bench.PointsAsync())[^1].Id, "disk"));
    }

    [Fact]
    public async Task Any_earlier_point_can_be_taken()
    {
        Bench bench = await HistoryAsync(4);
        List<RestorePoint> points = await bench.PointsAsync();
        RestorePoint made = (await bench.SynthesizeAsync(at: points[1].Id.ToString())).Point;
        Assert.Equal(points[1].Disks[0].Root, made.Disks[0].Root);
        Assert.Equal(1, made.Disks[0].Statistics.ListsFolded);
        Assert.Equal(points[1].Sequence, made.Sequence);
        Assert.Equal(points[3].Id, (await bench.PointsAsync())[^1].Id);
        Assert.Equal(contents[1], await bench.ReadAsync(made.Id, "disk"));
        (long, long) range = disk.Change(9 * Chunk, 10, 77);
        DiskPoint next = await bench.TrackAsync(disk.Snapshot(), "t4", "t5", range);
        Assert.Equal(points[3].Id, next.Parent);
        Assert.Equal(disk.Bytes, await bench.ReadAsync((await bench.PointsAsync())[^1].Id, "disk"));
    }

    [Fact]
    public async Task Sequential_writes_each_chunk_anew_in_disk_order_and_the_root_stays()
    {
        disk.Write(30 * Chunk, disk.Bytes.AsSpan(0, 3 * Chunk));
        Bench bench = await HistoryAsync(4);
        RestorePoint newest = (await bench.PointsAsync())[^1];
        RestorePoint made = (await bench.SynthesizeAsync(sequential: true)).Point;
        Assert.Equal(newest.Disks[0].Root, made.Disks[0].Root);
        DiskPoint found = made.Disks[0];
        DiskMap map = new(found.ChunkSizeBytes, found.VirtualSizeBytes, found.TopNode, found.TopPlace);
        DiskMapCursor cursor = new(new DiskMapReader(map, bench.Repository.Nodes), 0, map.ChunkCount);
        HashSet<ChunkId> seen = [];
        uint lastBytes = 0;
        while (await cursor.MoveNextAsync(CancellationToken.None))
        {
            Assert.Equal(made.Id, cursor.Chunk.Place.Pack.Session);
            Assert.Equal(cursor.Chunk.Place.OffsetBytes > lastBytes, seen.Add(cursor.Chunk.Id));
            lastBytes = Math.Max(lastBytes, cursor.Chunk.Place.OffsetBytes);
        }

        Assert.NotEqual(40, seen.Count);
        await DeleteOldPacksAsync(made.Id);
        Assert.Equal(contents[^1], await bench.ReadAsync(made.Id, "disk"));
        Assert.Equal(contents[^1], await bench.ReadAsync(newest.Id, "disk"));
    }

    [Fact]
    public async Task A_list_that_contradicts_the_map_fails_the_proof_and_nothing_is_published()
    {
        Bench bench = await HistoryAsync(2);
        RestorePoint truth = (await bench.PointsAsync())[^1];
        await TamperAsync(bench, truth, (3, disk.Bytes.AsMemory(0, Chunk)), (5, null));
        int before = store.Names.Count;
        ProofFailedException failure =
            await Assert.ThrowsAsync<ProofFailedException>(() => bench.SynthesizeAsync());
        Assert.Equal("disk", failure.Disk);
        Assert.Equal(
            [new(3 * Chunk, Chunk), new(5 * Chunk, Chunk), new ByteRange(22 * Chunk, 2 * Chunk)], failure.Ranges);
        Assert.Contains("'disk'", failure.Message, StringComparison.Ordinal);
        Assert.Contains(failure.Ranges[0].ToString(), failure.Message, StringComparison.Ordinal);
        Assert.Equal(before, store.Names.Count);
        await Assert.ThrowsAsync<ProofFailedException>(() => bench.SynthesizeAsync(sequential: true));
        Assert.Equal(3, (await bench.PointsAsync()).Count);
    }

    [Fact]
    public async Task A_disk_that_grew_along_the_run_is_proven()
    {
        Bench bench = await Bench.MakeAsync(store, 1);
        MemoryDisk now = disk;
        foreach (int chunks in (int[])[40, 41, 300, 301])
        {
            now = now.Resized((chunks * Chunk) - 3);
            now.Change((chunks * Chunk) - 100, 97, chunks);
            await bench.TrackAsync(now.Snapshot(), "t", $"grown-{chunks}");
        }

        RestorePoint made = (await bench.SynthesizeAsync()).Point;
        Assert.Equal(3, made.Disks[0].Statistics.ListsFolded);
        Assert.Equal(now.Bytes, await bench.ReadAsync(made.Id, "disk"));
        now = now.Resized(20 * Chunk);
        await bench.TrackAsync(now.Snapshot(), "t", "shrunk");
        Assert.Equal(0, (await bench.SynthesizeAsync()).Point.Disks[0].Statistics.ListsFolded);
    }

    [Fact]
    public async Task A_deleted_point_breaks_the_run_there()
    {
        Bench bench = await HistoryAsync(5);
        List<RestorePoint> points = await bench.PointsAsync();
        await store.DeleteAsync(new BlobName(FileNames.RestorePoint(points[1].Id)), CancellationToken.None);
        await store.DeleteAsync(new BlobName(FileNames.RestorePointMirror(points[1].Id)), CancellationToken.None);
        RestorePoint made = (await bench.SynthesizeAsync()).Point;
        Assert.Equal(2, made.Disks[0].Statistics.ListsFolded);
        Assert.Equal(contents[^1], await bench.ReadAsync(made.Id, "disk"));
    }

    private async Task<Bench> HistoryAsync(int pointCount)
    {
        Bench bench = await Bench.MakeAsync(store, 1);
        for (int run = 1; run <= pointCount; run++)
        {
            (long, long) range = disk.Change(run * 11 % 38 * Chunk, Chunk + 1, run + 10);
            await bench.TrackAsync(disk.Snapshot(), run == 1 ? null : $"t{run - 1}", $"t{run}", range);
            contents.Add([.. disk.Bytes]);
        }

        return bench;
    }

    /// <summary>Publishes the state of a point once more, with another list: whole, and sealed with good checksums.
    /// </summary>
    private static async Task TamperAsync(
        Bench bench, RestorePoint truth, params (long Index, ReadOnlyMemory<byte>? Chunk)[] changes)
    {
        await using WritingSession session =
            await bench.Repository.OpenWritingSessionAsync(LeaseKind.Backup, CancellationToken.None);
        ChangeListWriter writer = new(session.Maps, bench.Repository.Hasher);
        foreach ((long index, ReadOnlyMemory<byte>? chunk) in changes)
        {
            ChunkId id = chunk is null
                ? default
                : bench.Repository.Hasher.IdOfChunk(chunk.Value.Span, new Digest[Chunk / 4096]);
            await writer.AddAsync(new ChangedChunk(index, id), CancellationToken.None);
        }

        ListReference list = await writer.FinishAsync(CancellationToken.None);
        DiskPoint lying = truth.Disks[0] with { Lists = [list] };
        await session.CommitAsync(
            truth with { Id = session.Id, Sequence = truth.Sequence + 1, Disks = [lying] }, CancellationToken.None);
    }

    private async Task DeleteOldPacksAsync(SessionId kept)
    {
        foreach (BlobName name in store.Names.Where(name =>
            name.Path.StartsWith("packs/", StringComparison.Ordinal)
            && !name.Path.Contains(kept.ToString(), StringComparison.Ordinal)).ToList())
        {
            await store.DeleteAsync(name, CancellationToken.None);
        }
    }
}
