using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Tests.Kit;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Operations.Tests.Backup;

/// <summary>What is read again although the change source called it unchanged.</summary>
public sealed class AuditTests
{
    private const int Chunk = Bench.ChunkSizeBytes;
    private static readonly AuditReach Far = new(long.MaxValue, long.MaxValue, 7);
    private static readonly AuditReach Near = new(ChunkCountMax: 6, long.MaxValue, 4);

    [Theory]
    [InlineData(null, 0, 0, 0)]
    [InlineData(null, 1, 0, 1)]
    [InlineData(null, 1000, 0, 10)]
    [InlineData(null, 100_000_000, 0, 1024)]
    [InlineData(null, 100_000_000, 400, 1124)]
    [InlineData(0.0, 1000, 50, 0)]
    [InlineData(0.1, 1000, 50, 1)]
    [InlineData(10.0, 1001, 50, 101)]
    [InlineData(100.0, 1001, 50, 1001)]
    public void The_budget_is_that_of_the_design(double? percent, long allocated, long changed, long budget) =>
        Assert.Equal(budget, AuditPlan.BudgetOf(percent, allocated, changed, 64 << 10));

    [Fact]
    public void Neighbours_of_changes_come_first_and_take_half_the_budget_at_most()
    {
        MemoryDisk disk = Content.RandomDisk(100 * Chunk, 1);
        AuditPlan plan = Make(disk, [new(50, 2), new(60, 1)], 8, 0);
        Assert.Equal([0L, 1, 2, 3, 49, 52, 59, 61], Audited(plan));
        Assert.Equal(4, plan.CursorIndex);
        Assert.Equal([0L, 1, 49], Audited(Make(disk, [new(50, 2)], 3, 0)));
    }

    [Fact]
    public void Only_allocated_chunks_are_chosen_and_none_twice()
    {
        MemoryDisk disk = new(100 * Chunk);
        disk.Change(10 * Chunk, 3 * Chunk, 1);
        disk.Change(90 * Chunk, 2 * Chunk, 1);
        AuditPlan plan = Make(disk, [], 1000, 11);
        Assert.Equal([10L, 11, 12, 90, 91], Audited(plan));
        Assert.Equal([12L, 90], Audited(Make(disk, [], 2, 12)));
        Assert.Equal(91, Make(disk, [], 2, 12).CursorIndex);
        Assert.Equal([10L, 91], Audited(Make(disk, [], 2, 91)));
        Assert.Equal([11L, 12], Audited(Make(disk, [], 2, 11)));
    }

    [Fact]
    public void Neighbours_that_are_not_allocated_take_nothing_of_the_budget()
    {
        MemoryDisk disk = new(100 * Chunk);
        disk.Change(10 * Chunk, 3 * Chunk, 1);
        Assert.Equal([10L, 11, 12], Audited(Make(disk, [new(7, 1), new(40, 2), new(60, 2)], 3, 0)));
    }

    [Fact]
    public void Neither_an_empty_disk_nor_an_empty_budget_is_audited()
    {
        Assert.Empty(Make(new MemoryDisk(0), [], 10, 0).Runs);
        AuditPlan plan = Make(Content.RandomDisk(10 * Chunk, 1), [new(3, 1)], 0, 7);
        Assert.Equal([new ScanRun(new ChunkRun(3, 1), IsAudit: false)], plan.Runs);
        Assert.Equal(7, plan.CursorIndex);
    }

    /// <summary>Whatever else changes meanwhile, and also if the walk over ranges is cut short.</summary>
    [Property(MaxTest = 300)]
    public void A_lasting_lie_about_any_allocated_chunk_is_found_within_the_stated_runs(int seed)
    {
        Random random = new(seed);
        int chunkCount = random.Next(1, 60);
        MemoryDisk disk = new(chunkCount * Chunk);
        for (int index = 0; index < chunkCount; index++)
        {
            if (random.Next(3) > 0)
            {
                disk.Change(index * Chunk, Chunk, index);
            }
        }

        long allocated = AllocatedChunks.CountAround(disk, Chunk, Far, 0, [chunkCount], out _)[0];
        long budget = random.Next(1, 12);
        long runCountMax = ((2 * allocated) + budget - 1) / budget + 1;
        HashSet<long> seen = [];
        long cursor = random.Next(chunkCount);
        for (long run = 0; run < runCountMax; run++)
        {
            AuditPlan plan = Make(disk, Changes(random, chunkCount), budget, cursor);
            Assert.True(Audited(plan).Count <= budget);
            RequireInOrder(plan, chunkCount);
            seen.UnionWith(plan.Runs.SelectMany(Indexes));
            cursor = plan.CursorIndex;
        }

        Assert.True(seen.Count(index => disk.AllocatedRanges(new ByteRange(index * Chunk, Chunk)).Any()) == allocated);
    }

    [Fact]
    public void A_walk_that_is_cut_short_goes_on_next_time()
    {
        MemoryDisk disk = new(40 * Chunk);
        for (int index = 0; index < 40; index += 2)
        {
            disk.Change(index * Chunk, Chunk, index);
        }

        AuditPlan plan = AuditPlan.Make(disk, [], 100, 0, Chunk, Near);
        Assert.Equal([0L, 2, 4], Audited(plan));
        Assert.Equal([6L, 8, 10], Audited(AuditPlan.Make(disk, [], 100, plan.CursorIndex, Chunk, Near)));
        plan = AuditPlan.Make(disk, [], 100, 37, Chunk, Near);
        Assert.Equal([0L, 2, 38], Audited(plan));
        Assert.Equal(3, plan.CursorIndex);
    }

    [Fact]
    public async Task A_disk_that_was_all_zeros_is_audited_all_the_same()
    {
        Bench bench = await Bench.MakeAsync(new MemoryStore(), 1);
        bench.AuditPercent = null;
        MemoryDisk disk = new(4 * Chunk);
        await bench.TrackAsync(disk.Snapshot(), null, "t0");
        disk.Change(0, 4 * Chunk, 1);
        RestorePointKind kind = RestorePointKind.Full;
        for (int run = 0; run < 10 && kind != RestorePointKind.Recovered; run++)
        {
            kind = (await bench.TrackAsync(disk.Snapshot(), $"t{run}", $"t{run + 1}")).Kind;
        }

        Assert.Equal(RestorePointKind.Recovered, kind);
    }

    [Fact]
    public async Task A_whole_audit_finds_what_was_written_over_zeros()
    {
        Bench bench = await Bench.MakeAsync(new MemoryStore(), 1);
        bench.AuditPercent = 100;
        MemoryDisk disk = MemoryDisk.Of(new byte[20 * Chunk]);
        disk.Change(0, 10, 1);
        await bench.TrackAsync(disk.Snapshot(), null, "t0");
        disk.Change((20 * Chunk) - 1, 1, 2);
        DiskPoint point = await bench.TrackAsync(disk.Snapshot(), "t0", "t1");
        Assert.Equal(RestorePointKind.Recovered, point.Kind);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(250)]
    public async Task A_whole_audit_finds_what_the_image_no_longer_holds(int discardedCount)
    {
        Bench bench = await Bench.MakeAsync(new MemoryStore(), 1);
        bench.AuditPercent = 100;
        MemoryDisk disk = Content.RandomDisk(300 * Chunk, 1);
        await bench.TrackAsync(disk.Snapshot(), null, "t0");
        (long, long) told = disk.Change(299 * Chunk, 1, 2);
        disk.Discard(40 * Chunk, discardedCount * Chunk);
        BackupReport report = await bench.BackupAsync(
            new DiskRequest("disk", TestSource.Tracked(disk.Snapshot(), "t0", "t1", told)));
        DiskPoint point = report.Point.Disks[0];
        Assert.Equal(RestorePointKind.Recovered, point.Kind);
        Assert.Contains($"found {discardedCount} changed chunks", point.LostReason, StringComparison.Ordinal);
        Assert.Equal((299L - discardedCount) * Chunk, point.Statistics.BytesAudited);
        Assert.Equal(disk.Bytes, await bench.ReadAsync(report.Point.Id, "disk"));
    }

    [Fact]
    public async Task A_whole_audit_of_what_is_as_it_was_reads_what_the_image_holds_and_recovers_nothing()
    {
        Bench bench = await Bench.MakeAsync(new MemoryStore(), 1);
        bench.AuditPercent = 100;
        MemoryDisk disk = new(2000 * Chunk);
        disk.Change(500 * Chunk, 3 * Chunk, 1);
        await bench.TrackAsync(disk.Snapshot(), null, "t0");
        (long, long) told = disk.Change(700 * Chunk, 1, 2);
        DiskPoint point = await bench.TrackAsync(disk.Snapshot(), "t0", "t1", told);
        Assert.Equal(RestorePointKind.Incremental, point.Kind);
        Assert.Equal(3 * Chunk, point.Statistics.BytesAudited);
        Assert.Equal(Chunk, point.Statistics.BytesChanged);
    }

    [Fact]
    public void A_whole_audit_takes_all_that_did_not_change()
    {
        Assert.Equal(
            [new ScanRun(new(0, 3), true), new(new(3, 2), false), new(new(5, 4), true), new(new(9, 1), false)],
            AuditPlan.OfAll([new(3, 2), new(9, 1)], 10, 4).Runs);
        Assert.Equal([new ScanRun(new(0, 2), false), new(new(2, 3), true)], AuditPlan.OfAll([new(0, 2)], 5, 4).Runs);
        Assert.Equal([new ScanRun(new(0, 5), true)], AuditPlan.OfAll([], 5, 4).Runs);
        Assert.Empty(AuditPlan.OfAll([], 0, 0).Runs);
        Assert.Equal(4, AuditPlan.OfAll([], 5, 4).CursorIndex);
    }

    [Fact]
    public async Task A_lie_is_recovered_from_in_the_same_point_and_told_loudly()
    {
        Bench bench = await Bench.MakeAsync(new MemoryStore(), 1);
        bench.AuditPercent = 100;
        MemoryDisk disk = Content.RandomDisk((20 * Chunk) + 512, 1);
        await bench.TrackAsync(disk.Snapshot(), null, "t1");
        (long, long) told = disk.Change(3 * Chunk, 10, 2);
        disk.Change(7 * Chunk, 2 * Chunk, 3);
        disk.Change(20 * Chunk, 512, 4);
        BackupReport report = await bench.BackupAsync(
            new DiskRequest("disk", TestSource.Tracked(disk.Snapshot(), "t1", "t2", told)));
        DiskPoint point = report.Point.Disks[0];
        Assert.Equal(RestorePointKind.Recovered, point.Kind);
        string ranges = $"{new ByteRange(7 * Chunk, 2 * Chunk)}, {new ByteRange(20 * Chunk, Chunk)}";
        Assert.Contains("3 changed chunks", point.LostReason, StringComparison.Ordinal);
        Assert.Contains(ranges, point.LostReason, StringComparison.Ordinal);
        Assert.Contains(ranges, Assert.Single(report.Warnings), StringComparison.Ordinal);
        AuditFinding finding = Assert.Single(report.Findings);
        Assert.Equal(("disk", 3L), (finding.Disk, finding.ChunkCount));
        Assert.Equal([new(7 * Chunk, 2 * Chunk), new ByteRange(20 * Chunk, Chunk)], finding.Ranges);
        Assert.Equal("t2", point.TrackingId);
        Assert.Equal(SourceTrust.Distrusted, point.Audit.Trust);
        Assert.Equal(disk.Bytes, await bench.ReadAsync(report.Point.Id, "disk"));
        Assert.Equal(disk.VirtualSizeBytes - Chunk, point.Statistics.BytesAudited);
        Assert.Equal(disk.VirtualSizeBytes + Chunk, point.Statistics.BytesRead);
        Assert.Equal(4 * Chunk, point.Statistics.BytesChanged);
        Assert.Equal(4, point.Statistics.ChunksNew);
        await bench.SynthesizeAsync();
    }

    [Fact]
    public async Task The_cursor_is_carried_from_point_to_point()
    {
        Bench bench = await Bench.MakeAsync(new MemoryStore(), 1);
        bench.AuditPercent = 10;
        MemoryDisk disk = Content.RandomDisk(20 * Chunk, 1);
        await bench.TrackAsync(disk.Snapshot(), null, "t0");
        List<long> audited = [];
        for (int run = 0; run < 10; run++)
        {
            MemoryDisk now = disk.Snapshot();
            DiskPoint point = await bench.TrackAsync(now, $"t{run}", $"t{run + 1}");
            Assert.Equal(RestorePointKind.Incremental, point.Kind);
            Assert.Equal((0L, 2L * Chunk), (point.Statistics.BytesRead, point.Statistics.BytesAudited));
            Assert.Equal((run + 1) * 2 % 20 * Chunk, point.Statistics.AuditCursorBytes);
            audited.AddRange(now.Reads.SelectMany(range => Indexes(range)));
        }

        Assert.Equal(Enumerable.Range(0, 20).Select(index => (long)index), audited.Order());
    }

    [Fact]
    public async Task An_incremental_reads_the_rounded_ranges_and_nothing_else()
    {
        Bench bench = await Bench.MakeAsync(new MemoryStore(), 1);
        MemoryDisk disk = new((300 * Chunk) + 700);
        disk.Change(0, 100 * Chunk, 1);
        disk.Change(200 * Chunk, 10, 1);
        await bench.TrackAsync(disk.Snapshot(), null, "t1");
        disk.Change((5 * Chunk) - 1, 2, 2);
        disk.Change(300 * Chunk, 700, 2);
        MemoryDisk now = disk.Snapshot();
        DiskPoint point = await bench.TrackAsync(
            now, "t1", "t2", ((5 * Chunk) - 1, 2), (120 * Chunk, 30 * Chunk), (300 * Chunk, 1), (10, 1), (20, 1));
        Assert.Equal(
            [new(0, Chunk), new(4 * Chunk, 2 * Chunk), new ByteRange(300 * Chunk, 700)],
            now.Reads.OrderBy(range => range.StartBytes));
        Assert.Equal((3 * Chunk) + 700, point.Statistics.BytesRead);
        Assert.Equal(0, point.Statistics.BytesAudited);
        Assert.Equal(3 * Chunk, point.Statistics.BytesChanged);
        Assert.Equal(
            [ListKind.Changes, ListKind.ReportedRanges, ListKind.AuditedRanges], point.Lists.Select(list => list.Kind));
        Assert.Equal([3L, 4, 0], point.Lists.Select(list => list.EntryCount));
    }

    private static AuditPlan Make(MemoryDisk disk, IReadOnlyList<ChunkRun> changed, long budget, long cursor) =>
        AuditPlan.Make(disk, changed, budget, cursor, Chunk, Far);

    private static List<long> Audited(AuditPlan plan) =>
        [.. plan.Runs.Where(run => run.IsAudit && !run.IsGap).SelectMany(Indexes)];

    private static IEnumerable<long> Indexes(ScanRun run) =>
        Enumerable.Range(0, (int)run.Chunks.Count).Select(index => run.Chunks.FirstIndex + index);

    private static IEnumerable<long> Indexes(ByteRange range) =>
        Enumerable.Range(0, (int)(range.LengthBytes / Chunk)).Select(index => (range.StartBytes / Chunk) + index);

    private static List<ChunkRun> Changes(Random random, int chunkCount)
    {
        List<ChunkRun> changed = [];
        int index = random.Next(0, 6);
        while (index < chunkCount)
        {
            int count = Math.Min(random.Next(1, 4), chunkCount - index);
            changed.Add(new ChunkRun(index, count));
            index += count + random.Next(1, 12);
        }

        return changed;
    }

    private static void RequireInOrder(AuditPlan plan, int chunkCount)
    {
        long end = 0;
        foreach (ScanRun run in plan.Runs)
        {
            Assert.True(run.Chunks.FirstIndex >= end && run.Chunks.Count > 0);
            end = run.Chunks.EndIndex;
        }

        Assert.True(end <= chunkCount);
    }
}
