using System.Diagnostics;
using HyperVBackup.Disks;
using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Tests.Kit;
using HyperVBackup.Repository;
using HyperVBackup.Repository.Maintenance;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Simulation;

/// <summary>A small history of every verb is broken off after each of its file operations, as by a kill and as by a
/// power loss that keeps only what was flushed; then the repository is used again.</summary>
public sealed class CrashTests(ITestOutputHelper output)
{
    private const int Chunk = Bench.ChunkSizeBytes;
    private const string Root = "/repository";

    private readonly RecordingFiles files = new();
    private readonly MemoryDisk disk = Content.RandomDisk((20 * Chunk) + 300, 1);
    private readonly Dictionary<SessionId, byte[]> truth = [];
    private readonly List<(int OperationCount, SessionId Point)> returned = [];
    private int initializedAt;

    [Fact]
    public async Task A_crash_at_any_operation_leaves_every_point_whole_or_not_there()
    {
        await RecordAsync();
        long started = Stopwatch.GetTimestamp();
        int stateCount = 0;
        ParallelOptions parallel = new() { MaxDegreeOfParallelism = Environment.ProcessorCount };
        await Parallel.ForAsync(0, files.OperationCount + 1, parallel, async (count, _) =>
        {
            await CheckAsync(files.StateAfter(count), count, $"a kill after {Name(count)}");
            await CheckAsync(files.FlushedStateAfter(count), count, $"a power loss after {Name(count)}");
            Interlocked.Add(ref stateCount, 2);
        });
        output.WriteLine(
            $"{stateCount} states of {files.OperationCount} operations, {truth.Count} points, "
            + $"{Stopwatch.GetElapsedTime(started).TotalSeconds:F1} s");
        Assert.Equal(2 * (files.OperationCount + 1), stateCount);
    }

    /// <summary>init, full, incremental, recovered after a caught lie, synthetic, incremental, synthetic in order.
    /// </summary>
    private async Task RecordAsync()
    {
        Bench bench = await Bench.MakeAsync(new FolderStore(Root, files), 1);
        initializedAt = files.OperationCount;
        await BackupAsync(bench, null, "t1");
        (long, long) range = disk.Change(3 * Chunk, Chunk + 5, 2);
        await BackupAsync(bench, "t1", "t2", range);
        disk.Change(9 * Chunk, 2 * Chunk, 3);
        bench.AuditPercent = 100;
        await BackupAsync(bench, "t2", "t3");
        bench.AuditPercent = 0;
        Add((await bench.SynthesizeAsync()).Point);
        disk.Change(17 * Chunk, 100, 4);
        await BackupAsync(bench, "lost", "t4");
        range = disk.Change(15 * Chunk, 100, 5);
        await BackupAsync(bench, "t4", "t5", range);
        Add((await bench.SynthesizeAsync(sequential: true)).Point);
    }

    private async Task BackupAsync(Bench bench, string? since, string id, params (long, long)[] ranges)
    {
        BackupReport report = await bench.BackupAsync(
            new DiskRequest("disk", TestSource.Tracked(disk.Snapshot(), since, id, ranges)));
        Add(report.Point);
    }

    private void Add(RestorePoint point)
    {
        truth[point.Id] = [.. disk.Bytes];
        returned.Add((files.OperationCount, point.Id));
    }

    private string Name(int count) => count == 0 ? "nothing" : $"operation {count}, {files.Operations[count - 1]}";

    private async Task CheckAsync(RecordingFiles crashed, int count, string when)
    {
        try
        {
            await CheckAsync(new FolderStore(Root, crashed), crashed, count);
        }
        catch (Exception failure)
        {
            throw new InvalidOperationException($"After {when}: {failure.Message}", failure);
        }
    }

    private async Task CheckAsync(FolderStore store, RecordingFiles crashed, int count)
    {
        Bench bench = await OpenAsync(store, count);
        List<RestorePoint> points = await bench.PointsAsync();
        HashSet<SessionId> standing = [.. points.Select(point => point.Id)];
        Require(returned.All(point => point.OperationCount > count || standing.Contains(point.Point)),
            "a point that was reported is gone");
        VerificationReport report = await bench.VerifyAsync();
        Damage? damage = report.Damage.FirstOrDefault(found => found.Points.Count > 0);
        Require(damage is null, $"verify finds {damage}");
        await RequirePointsAsync(bench, points);
        await RequireNextAsync(bench, crashed);
    }

    /// <summary>Until 'init' returned, there may be no repository yet, and then it can be made.</summary>
    private async Task<Bench> OpenAsync(FolderStore store, int count)
    {
        try
        {
            return await Bench.ReopenAsync(store, 1000 + count);
        }
        catch (Exception absence) when (
            absence is RepositoryUnusableException or StoreException && count < initializedAt)
        {
            return await Bench.MakeAsync(store, 1000 + count);
        }
    }

    private async Task RequirePointsAsync(Bench bench, List<RestorePoint> points)
    {
        foreach (RestorePoint point in points)
        {
            byte[] found = await bench.ReadAsync(point.Id, "disk");
            Require(found.AsSpan().SequenceEqual(truth[point.Id]), $"point {point.Sequence} differs");
        }
    }

    /// <summary>The next backup succeeds whatever it finds, restores, and clears what the dead left: all but the file
    /// of a lease that was just being put, which nobody can tell from one of the living.</summary>
    private async Task RequireNextAsync(Bench bench, RecordingFiles crashed)
    {
        BackupReport next = await bench.BackupAsync(new DiskRequest("disk", new TestSource(disk.Snapshot())));
        byte[] found = await bench.ReadAsync(next.Point.Id, "disk");
        Require(found.AsSpan().SequenceEqual(disk.Bytes), "the next backup differs");
        IEnumerable<string> left = crashed.FilePaths.Where(path =>
            !path.StartsWith($"{Root}/packs/", StringComparison.Ordinal)
            && !path.StartsWith($"{Root}/maps/", StringComparison.Ordinal)
            && !path.StartsWith($"{Root}/points/", StringComparison.Ordinal)
            && !path.StartsWith($"{Root}/mirror/", StringComparison.Ordinal)
            && !path.StartsWith($"{Root}/.tmp/leases+", StringComparison.Ordinal)
            && path != $"{Root}/repository");
        Require(!left.Any(), $"{string.Join(", ", left)} is left");
        VerificationReport report = await bench.VerifyAsync();
        Require(report.Damage.All(damage => damage.Points.Count == 0), "verify finds damage after the next backup");
    }

    private static void Require(bool holds, string complaint)
    {
        if (!holds)
        {
            throw new InvalidOperationException(complaint);
        }
    }
}
