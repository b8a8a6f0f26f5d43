using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Restore;
using HyperVBackup.Operations.Tests.Kit;
using HyperVBackup.Repository;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.Operations.Tests.Restore;

/// <summary>A restore is predicted from a sample of it.</summary>
public sealed class PredictionTests : IDisposable
{
    private const int Chunk = Bench.ChunkSizeBytes;
    private const int MiB = 1 << 20;

    private readonly MemoryStore store = new();
    private readonly TestFolder folder = new();

    [Fact]
    public void A_rate_is_extrapolated_and_disks_are_added_up()
    {
        RestorePrediction one = RestorePrediction.Of(100 * MiB, TimeSpan.FromSeconds(2), 1000 * MiB);
        Assert.Equal(TimeSpan.FromSeconds(20), one.Duration);
        Assert.Equal(50 * MiB, one.BytesPerSecond);
        RestorePrediction other = RestorePrediction.Of(100 * MiB, TimeSpan.FromSeconds(4), 200 * MiB);
        RestorePrediction both = one.And(other);
        Assert.Equal(TimeSpan.FromSeconds(28), both.Duration);
        Assert.Equal(TimeSpan.FromSeconds(6), both.SampleDuration);
        Assert.Equal(1200L * MiB, both.TotalBytes);
        Assert.Equal(1200.0 * MiB / 28, both.BytesPerSecond, 3);
        Assert.Equal(TimeSpan.FromSeconds(2), RestorePrediction.Of(MiB, TimeSpan.FromSeconds(2), 0).Duration);
        Assert.Equal(0, RestorePrediction.Of(0, TimeSpan.Zero, 0).BytesPerSecond);
    }

    [Fact]
    public async Task A_small_point_is_restored_whole_by_the_clock_passed_in_and_nothing_is_left()
    {
        (Bench bench, RestorePoint point) =
            await BackUpAsync(Content.RandomDisk(40 * Chunk, 1), Content.RandomDisk(Chunk, 2));
        IReadOnlyList<BlobName> before = store.Names;
        RestorePrediction found = await bench.Engine.PredictRestoreAsync(point, Target);
        Assert.Equal(41 * Chunk, found.SampleBytes);
        Assert.Equal(41 * Chunk, found.TotalBytes);
        Assert.Equal(TimeSpan.FromSeconds(6), found.Duration);
        Assert.Equal(41 * Chunk / 6.0, found.BytesPerSecond, 3);
        Assert.Empty(Directory.GetFileSystemEntries(Target));
        Assert.Equal(before, store.Names);
    }

    [Fact]
    public async Task Of_a_large_point_a_sample_is_restored_another_one_each_time()
    {
        MemoryDisk disk = new(32 * MiB);
        for (int offsetBytes = 0; offsetBytes < disk.Bytes.Length; offsetBytes += Chunk)
        {
            disk.Write(offsetBytes, Content.Random(100, offsetBytes));
        }

        (Bench bench, RestorePoint point) = await BackUpAsync(disk);
        List<long> ends = [];
        for (int time = 0; time < 2; time++)
        {
            LastProgress last = new();
            RestorePrediction found = await bench.Engine.PredictRestoreAsync(point, Target, 9 * MiB, last);
            Assert.Equal(8 * MiB, found.SampleBytes);
            Assert.Equal(32 * MiB, found.TotalBytes);
            Assert.Equal(TimeSpan.FromSeconds(3), found.SampleDuration);
            Assert.Equal(TimeSpan.FromSeconds(12), found.Duration);
            Assert.Equal(8 * MiB, last.Value.WrittenBytes);
            ends.Add(last.Value.DoneBytes);
        }

        Assert.NotEqual(ends[0], ends[1]);
    }

    [Fact]
    public async Task What_stops_it_is_told_and_leaves_nothing()
    {
        (Bench bench, RestorePoint point) = await BackUpAsync(Content.RandomDisk(40 * Chunk, 1));
        string file = Path.Join(folder.Path, "file");
        await File.WriteAllTextAsync(file, "");
        await Assert.ThrowsAsync<StoreException>(() => bench.Engine.PredictRestoreAsync(point, file));
        foreach (BlobName pack in store.Names.Where(name => name.Path.StartsWith("packs/", StringComparison.Ordinal)))
        {
            await store.DeleteAsync(pack, CancellationToken.None);
        }

        await Assert.ThrowsAsync<RepositoryDamagedException>(() => bench.Engine.PredictRestoreAsync(point, Target));
        Assert.Empty(Directory.GetFileSystemEntries(Target));
        Assert.DoesNotContain(store.Names, name => name.Path.StartsWith("leases/", StringComparison.Ordinal));
    }

    public void Dispose() => folder.Dispose();

    private string Target => Path.Join(folder.Path, "target");

    private async Task<(Bench Bench, RestorePoint Point)> BackUpAsync(params MemoryDisk[] disks)
    {
        Bench bench = await Bench.MakeAsync(store, 1);
        DiskRequest[] requests =
            [.. disks.Select((disk, number) =>
                new DiskRequest($"d{number}", TestSource.Tracked(disk, null, "t", (0, disk.Bytes.Length))))];
        RestorePoint point = (await bench.BackupAsync(requests)).Point;
        return (await Bench.OpenAsync(store, Bench.NewEnvironment(2) with { Clock = new SteppingClock() }), point);
    }

    /// <summary>Three seconds later each time it is looked at.</summary>
    private sealed class SteppingClock : TimeProvider
    {
        private long seconds;

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Interlocked.Add(ref seconds, 3);
    }

    private sealed class LastProgress : IProgress<RestoreProgress>
    {
        public RestoreProgress Value { get; private set; }

        public void Report(RestoreProgress value) => Value = value;
    }
}
