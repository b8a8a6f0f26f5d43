using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;
using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Tests.Kit;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Operations.Tests.Backup;

/// <summary>A tracker that never tells of one chunk, through whatever else happens, held against the disk itself.
/// </summary>
public sealed class AuditHistoryTests
{
    private const int Chunk = Bench.ChunkSizeBytes;
    private const int ChunkCountMax = 40;

    /// <summary>Points that do not hold what the disk held follow each other until the audit came around, no longer.
    /// </summary>
    [Theory]
    [InlineData(1, 10, 80)]
    [InlineData(2, 10, 80)]
    [InlineData(3, 20, 80)]
    [InlineData(4, 4, 120)]
    [InlineData(5, 1, 330)]
    public async Task A_chunk_that_is_never_told_of_is_found_in_time(int seed, double percent, int runCount)
    {
        History history = new(seed, await Bench.MakeAsync(new MemoryStore(), 1), percent);
        for (int run = 0; run < runCount; run++)
        {
            await history.StepAsync(run);
            Assert.True(
                history.WrongCount < Math.Ceiling(100 / percent), $"{history.WrongCount} wrong points at run {run}");
        }

        Assert.True(history.WrongCountMax > 0, "no point was ever wrong");
        Assert.True(history.CaughtCount > 0, "the tracker was never caught");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(70)]
    public async Task A_discard_that_is_not_told_is_found_in_time(int chunkCount)
    {
        Bench bench = await Bench.MakeAsync(new MemoryStore(), 1);
        bench.AuditPercent = 10;
        MemoryDisk disk = Content.RandomDisk(100 * Chunk, 1);
        await bench.TrackAsync(disk.Snapshot(), null, "t0");
        disk.Discard(25 * Chunk, chunkCount * Chunk);
        DiskPoint? point = null;
        for (int run = 1; run <= 10 && point?.Kind != RestorePointKind.Recovered; run++)
        {
            point = await bench.TrackAsync(disk.Snapshot(), $"t{run - 1}", $"t{run}");
        }

        Assert.Equal((RestorePointKind.Recovered, SourceTrust.Distrusted), (point!.Kind, point.Audit.Trust));
        Assert.Equal(disk.Bytes, await bench.ReadAsync((await bench.PointsAsync())[^1].Id, "disk"));
    }

    /// <summary>Each of its backups is the first after the same point.</summary>
    [Fact]
    public async Task A_source_whose_changes_start_at_one_old_point_each_time_is_caught_too()
    {
        Bench bench = await Bench.MakeAsync(new MemoryStore(), 1);
        bench.AuditPercent = 10;
        MemoryDisk disk = Content.RandomDisk(20 * Chunk, 1);
        await bench.TrackAsync(disk.Snapshot(), null, "t0");
        disk.Change(15 * Chunk, 1, 2);
        RestorePointKind kind = RestorePointKind.Full;
        for (int run = 1; run <= 10 && kind != RestorePointKind.Recovered; run++)
        {
            kind = (await bench.TrackAsync(disk.Snapshot(), "t0", null)).Kind;
        }

        Assert.Equal(RestorePointKind.Recovered, kind);
    }

    /// <summary>It takes the old point's place when that is gone.</summary>
    [Fact]
    public async Task A_synthetic_full_of_the_old_point_does_not_begin_the_audit_anew()
    {
        MemoryStore store = new();
        Bench bench = await Bench.MakeAsync(store, 1);
        bench.AuditPercent = 10;
        MemoryDisk disk = Content.RandomDisk(20 * Chunk, 1);
        await bench.TrackAsync(disk.Snapshot(), null, "t0");
        SessionId old = (await bench.PointsAsync())[0].Id;
        disk.Change(0, 1, 2);
        DiskPoint point = await RunAsync();
        RestorePoint made = (await bench.SynthesizeAsync(at: old.ToString())).Point;
        Assert.Equal(point.Statistics.AuditCursorBytes, made.Disks[0].Statistics.AuditCursorBytes);
        DiskPoint beside = await RunAsync();
        Assert.Equal(old, beside.Parent);
        Assert.NotEqual(point.Statistics.AuditCursorBytes, beside.Statistics.AuditCursorBytes);
        foreach (string name in (string[])[FileNames.RestorePoint(old), FileNames.RestorePointMirror(old)])
        {
            await store.DeleteAsync(new BlobName(name), CancellationToken.None);
        }

        long before = beside.Statistics.AuditCursorBytes;
        for (int run = 0; run < 2; run++)
        {
            DiskPoint next = await RunAsync();
            Assert.Equal(made.Id, next.Parent);
            Assert.Equal(before + (2 * Chunk), next.Statistics.AuditCursorBytes);
            before = next.Statistics.AuditCursorBytes;
        }

        Task<DiskPoint> RunAsync() => bench.TrackAsync(disk.Snapshot(), "t0", null, (0, Chunk));
    }

    private sealed class History(int seed, Bench bench, double percent)
    {
        private readonly Random random = new(seed);
        private readonly List<(long, long)> told = [];
        private readonly int secret = new Random(seed).Next(20);
        private MemoryDisk disk = Content.RandomDisk(25 * Chunk, seed, "{d}");
        private Bench bench = bench;
        private int state;

        public int WrongCount { get; private set; }

        public int WrongCountMax { get; private set; }

        public int CaughtCount { get; private set; }

        public async Task StepAsync(int run)
        {
            Write(run);
            MemoryDisk now = disk.Snapshot();
            bool fails = run > 0 && random.Next(8) == 0;
            now.BeforeRead = fails ? _ => throw new DiskImageException("interrupted") : null;
            TestSource source = random.Next(25) == 0
                ? new TestSource(now) { Id = $"t{state + 1}" }
                : TestSource.Tracked(now, $"t{state}", $"t{state + 1}", [.. told]);
            bench.AuditPercent = percent;
            BackupReport report;
            try
            {
                report = await bench.BackupAsync(new DiskRequest("disk", source));
            }
            catch (DiskImageException) when (fails)
            {
                return; // the tracker goes on from where it was
            }

            state++;
            told.Clear();
            CaughtCount += report.Findings.Count;
            byte[] stored = await bench.ReadAsync(report.Point.Id, "disk");
            bool isRight = disk.Bytes.AsSpan().SequenceEqual(stored);
            WrongCount = isRight ? 0 : WrongCount + 1;
            WrongCountMax = Math.Max(WrongCountMax, WrongCount);
            await AfterwardsAsync(run, report.Point);
        }

        /// <summary>What the guest does; of the secret chunk nothing is told.</summary>
        private void Write(int run)
        {
            for (int change = random.Next(4); change > 0; change--)
            {
                int chunk = random.Next((int)(disk.VirtualSizeBytes / Chunk));
                (long, long) range = (chunk * (long)Chunk, Chunk);
                if (random.Next(3) == 0)
                {
                    disk.Discard(range.Item1, Chunk);
                }
                else
                {
                    disk.Change(chunk * Chunk, Chunk, run + change);
                }

                if (chunk != secret)
                {
                    told.Add(range);
                }
            }

            if (random.Next(15) == 0)
            {
                disk.Change(secret * Chunk, 100, run);
            }

            if (random.Next(40) == 0)
            {
                disk = disk.Resized(random.Next(secret + 1, ChunkCountMax) * (long)Chunk);
            }
        }

        private async Task AfterwardsAsync(int run, RestorePoint newest)
        {
            if (random.Next(20) == 0)
            {
                bench = await bench.ReopenAsync(100 + run); // another host: all it knows is the repository
            }

            if (random.Next(10) == 0)
            {
                foreach (RestorePoint old in (await bench.PointsAsync()).Where(point => point.Id != newest.Id))
                {
                    await DeleteAsync($"points/{old.Id}");
                    await DeleteAsync($"mirror/points/{old.Id}");
                }
            }
        }

        private Task DeleteAsync(string name) => bench.Store.DeleteAsync(new BlobName(name), default);
    }
}
