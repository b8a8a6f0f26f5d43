using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Restore;
using HyperVBackup.Operations.Tests.Kit;
using HyperVBackup.Testing.Stores;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.Operations.Tests;

/// <summary>Every operation is cancelled at every call of the store it makes, one after the other.</summary>
public sealed class CancellationTests
{
    private const int Chunk = Bench.ChunkSizeBytes;

    private readonly MemoryDisk disk = Content.RandomDisk(40 * Chunk, 1);

    [Fact]
    public Task A_full_can_be_cancelled_anywhere() => RequireAsync(
        (bench, token) => bench.BackupAsync(
            new BackupRequest { VmName = "other", Disks = [new DiskRequest("disk", Source(null))] }, token));

    [Fact]
    public Task An_incremental_can_be_cancelled_anywhere() => RequireAsync(
        (bench, token) => bench.BackupAsync(token, new DiskRequest("disk", Source("t1"))));

    [Fact]
    public Task A_recovery_can_be_cancelled_anywhere() => RequireAsync(
        (bench, token) => bench.BackupAsync(token, new DiskRequest("disk", Source("lost"))));

    [Fact]
    public Task A_synthetic_full_can_be_cancelled_anywhere() => RequireAsync(
        (bench, token) => bench.SynthesizeAsync(token: token));

    [Fact]
    public Task A_sequential_synthetic_full_can_be_cancelled_anywhere() => RequireAsync(
        (bench, token) => bench.SynthesizeAsync(sequential: true, token: token));

    [Fact]
    public async Task A_restore_can_be_cancelled_anywhere()
    {
        using TestFolder folder = new();
        await RequireAsync(async (bench, token) =>
        {
            RestorePoint point = (await bench.Repository.ListPointsAsync(CancellationToken.None))[0];
            string path = folder.File("out.raw");
            File.Delete(path);
            bool isDone = false;
            try
            {
                await bench.RestoreAsync(
                    new RestoreRequest { Point = point.Id, OutputPath = path, Format = ImageFormat.Raw }, token);
                isDone = true;
            }
            finally
            {
                Assert.Equal(isDone ? 1 : 0, Directory.GetFiles(folder.Path).Length);
            }
        });
    }

    private async Task RequireAsync(Func<Bench, CancellationToken, Task> operation)
    {
        MemoryStore start = new();
        Bench first = await Bench.MakeAsync(start, 1);
        await first.TrackAsync(disk.Snapshot(), null, "t1");
        disk.Change(7 * Chunk, 20 * Chunk, 2);
        bool isThrough = false;
        for (int last = 1; !isThrough; last++)
        {
            isThrough = await RequireAtAsync(start.Copy(), last, operation);
        }
    }

    private async Task<bool> RequireAtAsync(
        MemoryStore store, int lastCall, Func<Bench, CancellationToken, Task> operation)
    {
        Bench bench = await Bench.ReopenAsync(store, lastCall + 1);
        using CancellationTokenSource cancelling = new();
        int calls = 0;
        store.Before = _ =>
        {
            if (Interlocked.Increment(ref calls) == lastCall)
            {
                cancelling.Cancel();
            }
        };
        int pointCount = 2;
        try
        {
            await operation(bench, cancelling.Token);
        }
        catch (OperationCanceledException)
        {
            Assert.True(cancelling.IsCancellationRequested);
            pointCount = 1;
        }

        int callsMade = Volatile.Read(ref calls);
        store.Before = null;
        List<RestorePoint> points = await bench.PointsAsync();
        Assert.True(points.Count <= pointCount, $"cancelled at call {lastCall}");
        Assert.Equal(0, store.TemporaryCount);
        Assert.DoesNotContain(store.Names, name => name.Path.StartsWith("leases/", StringComparison.Ordinal));
        Assert.DoesNotContain((await bench.VerifyAsync()).Damage, damage => damage.Points.Count > 0);
        BackupReport next = await bench.BackupAsync(new DiskRequest("disk", Source("t1")));
        Assert.Equal(RestorePointKind.Incremental, next.Point.Disks[0].Kind);
        Assert.Equal(disk.Bytes, await bench.ReadAsync(next.Point.Id, "disk"));
        return callsMade < lastCall;
    }

    private TestSource Source(string? since) =>
        TestSource.Tracked(disk.Snapshot(), since, "t2", (7 * Chunk, 20 * Chunk));
}
