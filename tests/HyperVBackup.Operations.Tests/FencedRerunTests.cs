using HyperVBackup.Format;
using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Collections;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Format.Records;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Restore;
using HyperVBackup.Operations.Tests.Kit;
using HyperVBackup.Repository;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.Operations.Tests;

/// <summary>What a collector gives up is run again by itself, once, and nothing of the first run is relied on (W7).
/// </summary>
public sealed class FencedRerunTests : IDisposable
{
    private const int Chunk = Bench.ChunkSizeBytes;

    private readonly MemoryStore store = new();
    private readonly MemoryDisk disk = Content.RandomDisk(20 * Chunk, 1);
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(StoreCallKind.Create, "packs/", false)]
    [InlineData(StoreCallKind.Publish, "maps/", false)]
    [InlineData(StoreCallKind.Put, "points/", true)]
    public async Task A_fenced_backup_runs_again_and_stores_nothing_twice(
        StoreCallKind kind, string prefix, bool isSealed)
    {
        Bench bench = await Bench.MakeAsync(store, 1);
        FenceAt(bench, kind, prefix, times: 1);
        TestSource source = TestSource.Tracked(disk, null, "t1");
        BackupReport report = await bench.BackupAsync(new DiskRequest("disk", source));
        Assert.Contains(report.Warnings, warning => warning.Contains("run again", StringComparison.Ordinal));
        Assert.Equal(
            ["Open", .. isSealed ? ["Seal"] : (string[])[], "Abandon", "Dispose", "Open", "Seal", "Confirm", "Dispose"],
            source.Steps);
        RestorePoint point = Assert.Single(await bench.PointsAsync());
        Assert.Equal(disk.Bytes, await bench.ReadAsync(point.Id, "disk"));
        Assert.Equal(0, point.Disks[0].Statistics.ChunksNew);
        RequireNothingLeft(pointCount: 1);
    }

    /// <summary>Others remove the temporary files of a session that was given up, under its hands.</summary>
    [Theory]
    [InlineData(StoreCallKind.Publish, "packs/")]
    [InlineData(StoreCallKind.Publish, "maps/")]
    public async Task A_fenced_backup_whose_files_are_cleaned_up_runs_again(StoreCallKind kind, string prefix)
    {
        Bench bench = await Bench.MakeAsync(store, 1);
        FenceAt(bench, kind, prefix, times: 1, () => throw new StoreException("Cannot rename: no such file."));
        RestorePoint point = (await bench.BackupAsync(new DiskRequest("disk", new TestSource(disk)))).Point;
        Assert.Equal(disk.Bytes, await bench.ReadAsync(point.Id, "disk"));
        RequireNothingLeft(pointCount: 1);
        store.Before = call => throw new StoreException("The disk is full.");
        await Assert.ThrowsAsync<StoreException>(
            () => bench.BackupAsync(new DiskRequest("disk", new TestSource(disk))));
    }

    [Fact]
    public async Task A_synthesis_makes_no_full_of_a_state_that_was_pruned()
    {
        Bench bench = await Bench.MakeAsync(store, 1);
        RestorePoint first = (await bench.BackupAsync(
            new DiskRequest("disk", TestSource.Tracked(disk.Snapshot(), null, "t1")))).Point;
        await bench.TrackAsync(disk.Snapshot(), "t1", "t2", disk.Change(3 * Chunk, 100, 5));
        RestorePoint pruned = (await bench.PointsAsync())[^1];
        store[new BlobName(FileNames.PruneMark(pruned.Id))] = [];
        RestorePoint made = (await bench.SynthesizeAsync()).Point;
        Assert.Equal(first.Disks[0].Root, made.Disks[0].Root);
        Assert.Equal(pruned.Sequence + 1, made.Sequence);
        await Assert.ThrowsAsync<RestorePointNotFoundException>(() => bench.SynthesizeAsync(pruned.Id.ToString()));
    }

    [Fact]
    public async Task A_fenced_incremental_runs_again_as_one()
    {
        Bench bench = await Bench.MakeAsync(store, 1);
        await bench.TrackAsync(disk.Snapshot(), null, "t1");
        (long, long) range = disk.Change(3 * Chunk, 100, 5);
        FenceAt(bench, StoreCallKind.Put, "points/", times: 1);
        DiskPoint second = await bench.TrackAsync(disk.Snapshot(), "t1", "t2", range);
        Assert.Equal(RestorePointKind.Incremental, second.Kind);
        Assert.Equal(disk.Bytes, await bench.ReadAsync((await bench.PointsAsync())[^1].Id, "disk"));
        RequireNothingLeft(pointCount: 2);
    }

    [Fact]
    public async Task A_backup_that_is_fenced_twice_fails_and_leaves_nothing()
    {
        Bench bench = await Bench.MakeAsync(store, 1);
        FenceAt(bench, StoreCallKind.Put, "points/", times: 2);
        TestSource source = new(disk) { Id = "t1" };
        await Assert.ThrowsAsync<SessionFencedException>(() => bench.BackupAsync(new DiskRequest("disk", source)));
        Assert.Equal(2, source.Steps.Count(step => step == "Abandon"));
        RequireNothingLeft(pointCount: 0);
    }

    /// <summary>The first session sleeps before its commit; a collector gives it up, deletes its parent and all that
    /// the two had in common, and is long gone when it wakes.</summary>
    [Fact]
    public async Task The_second_run_relies_on_nothing_that_the_first_had_found()
    {
        Bench bench = await Bench.MakeAsync(store, 1);
        RestorePoint parent = (await bench.BackupAsync(new DiskRequest(
            "disk", TestSource.Tracked(disk.Snapshot(), null, "t1")))).Point;
        (long, long) range = disk.Change(3 * Chunk, 100, 5);
        FenceAt(bench, StoreCallKind.Put, "points/", times: 1, () => Collect(bench, parent.Id));
        RestorePoint second = (await bench.BackupAsync(new DiskRequest(
            "disk", TestSource.Tracked(disk.Snapshot(), "t1", "t2", range)))).Point;
        Assert.Equal(disk.Bytes, await bench.ReadAsync(second.Id, "disk"));
        Assert.True(second.Disks[0].Parent.IsNone);
        Assert.Empty((await bench.VerifyAsync()).Damage);
        RequireNothingLeft(pointCount: 1);
    }

    [Fact]
    public async Task What_a_fenced_incremental_misses_makes_no_full_of_it()
    {
        Bench bench = await Bench.MakeAsync(store, 1);
        await bench.TrackAsync(disk.Snapshot(), null, "t1");
        RestorePoint parent = (await bench.PointsAsync())[0];
        (long, long) range = disk.Change(3 * Chunk, 100, 5);
        MemoryStore whole = store.Copy();
        FenceAt(bench, StoreCallKind.Read, "maps/", times: 1, () =>
        {
            foreach (BlobName map in Named("maps/").Concat(Named("mirror/maps/")))
            {
                store.DeleteAsync(map, CancellationToken.None).GetAwaiter().GetResult();
            }
        });
        TestSource source = TestSource.Tracked(disk.Snapshot(), "t1", "t2", range);
        Action<StoreCall> inner = store.Before!;
        int openCount = 0;
        store.Before = call =>
        {
            if (call.Kind == StoreCallKind.Put && call.Name.StartsWith("leases/", StringComparison.Ordinal)
                && ++openCount == 2)
            {
                foreach (BlobName map in Named("maps/", whole).Concat(Named("mirror/maps/", whole)))
                {
                    store[map] = whole[map]; // in truth: other copies, which the second session may rely on
                }
            }

            inner(call);
        };
        RestorePoint second = (await bench.BackupAsync(new DiskRequest("disk", source))).Point;
        Assert.Equal(RestorePointKind.Incremental, second.Disks[0].Kind);
        Assert.Equal(parent.Id, second.Disks[0].Parent);
        Assert.Equal(disk.Bytes, await bench.ReadAsync(second.Id, "disk"));
    }

    [Fact]
    public async Task A_fenced_synthesis_runs_again()
    {
        Bench bench = await Bench.MakeAsync(store, 1);
        await bench.TrackAsync(disk.Snapshot(), null, "t1");
        await bench.TrackAsync(disk.Snapshot(), "t1", "t2", disk.Change(3 * Chunk, 100, 5));
        FenceAt(bench, StoreCallKind.Put, "points/", times: 1);
        RestorePoint made = (await bench.SynthesizeAsync()).Point;
        Assert.Equal(RestorePointKind.Synthetic, made.Kind);
        RequireNothingLeft(pointCount: 3);
    }

    [Fact]
    public async Task A_fenced_restore_goes_on_in_another_session_with_the_disks_that_are_left()
    {
        Bench bench = await Bench.MakeAsync(store, 1);
        MemoryDisk other = Content.RandomDisk(9 * Chunk, 2);
        RestorePoint point = (await bench.BackupAsync(
            new DiskRequest("first", new TestSource(disk)), new DiskRequest("second", new TestSource(other)))).Point;
        MemoryStore whole = store.Copy();
        bool isFenced = false;
        store.Before = call =>
        {
            // Once the first disk is restored, the packs are gone, and with the second session they are back.
            if (!isFenced && call.Kind == StoreCallKind.Read && File.Exists(folder.File("first.raw"))
                && call.Name.StartsWith("packs/", StringComparison.Ordinal))
            {
                isFenced = true;
                Fence(bench);
                foreach (BlobName pack in Named("packs/"))
                {
                    store.DeleteAsync(pack, CancellationToken.None).GetAwaiter().GetResult();
                }
            }
            else if (call.Kind == StoreCallKind.Put && call.Name.StartsWith("leases/", StringComparison.Ordinal))
            {
                foreach (BlobName pack in Named("packs/", whole))
                {
                    store[pack] = whole[pack];
                }
            }
        };
        IReadOnlyList<RestoredDisk> restored = await bench.RestoreAsync(new RestoreRequest
        {
            Point = point.Id, OutputPath = folder.File("."), Format = ImageFormat.Raw,
        });
        Assert.True(isFenced);
        Assert.Equal(["first", "second"], restored.Select(done => done.Disk));
        Assert.Equal(disk.Bytes, await File.ReadAllBytesAsync(folder.File("first.raw")));
        Assert.Equal(other.Bytes, await File.ReadAllBytesAsync(folder.File("second.raw")));
        RequireNothingLeft(pointCount: 1);
    }

    /// <summary>Fences the sessions that have leases the first times a call comes.</summary>
    private void FenceAt(Bench bench, StoreCallKind kind, string prefix, int times, Action? then = null)
    {
        bool isFencing = false;
        store.Before = call =>
        {
            bool isCall = call.Kind == kind && call.Name.StartsWith(prefix, StringComparison.Ordinal);
            if (isCall && times > 0 && !isFencing)
            {
                times--;
                isFencing = true;
                Fence(bench);
                then?.Invoke();
                isFencing = false;
            }
        };
    }

    private void Fence(Bench bench)
    {
        foreach (BlobName lease in Named("leases/"))
        {
            string name = FileNames.RestorePointFolder + lease.Path[FileNames.LeaseFolder.Length..];
            byte[] fence = new byte[FileHeader.SizeBytes];
            new FileHeader(FileKind.Fence, bench.Repository.Id, name).WriteTo(fence);
            store[new BlobName(name)] = fence;
        }
    }

    /// <summary>Deletes a point with all its session's packs, by the steps of a collection.</summary>
    private void Collect(Bench bench, SessionId point)
    {
        PackName[] packs =
        [
            .. store.Names.Select(name => PackName.TryParse(name.Path, out PackName pack) ? pack : default)
                .Where(pack => pack.Session == point),
        ];
        byte[] set = new CollectionSet(1, [point], packs).Write();
        foreach ((FileKind kind, string name) in ((FileKind, string)[])
            [(FileKind.Condemned, FileNames.Condemned(1)), (FileKind.Retired, FileNames.Retired(1))])
        {
            store[new BlobName(name)] =
                RecordFile.Write(new FileHeader(kind, bench.Repository.Id, name), set, Compression.None);
        }

        foreach (string name in (string[])
            [
                FileNames.RestorePoint(point), FileNames.RestorePointMirror(point),
                .. packs.SelectMany(pack => (string[])[pack.BlobName, pack.MirrorBlobName]),
            ])
        {
            store.DeleteAsync(new BlobName(name), CancellationToken.None).GetAwaiter().GetResult();
        }
    }

    private BlobName[] Named(string prefix, MemoryStore? of = null) =>
        [.. (of ?? store).Names.Where(name => name.Path.StartsWith(prefix, StringComparison.Ordinal))];

    private void RequireNothingLeft(int pointCount)
    {
        store.Before = null;
        Assert.Empty(Named("leases/"));
        Assert.Equal(pointCount, Named("points/").Length);
        Assert.Equal(0, store.TemporaryCount);
    }
}
