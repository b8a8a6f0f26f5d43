using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;
using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Tests.Kit;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Operations.Tests.Backup;

/// <summary>What a disk is compared with, and when a change source is believed.</summary>
public sealed class DiskPlanTests
{
    private const int Size = 10 * Bench.ChunkSizeBytes;

    private readonly MemoryDisk disk = Content.RandomDisk(Size, 1, "guid-1");
    private int steps;

    [Fact]
    public async Task Without_a_parent_it_is_a_full_whatever_the_ranges_and_the_id_is_recorded()
    {
        Bench bench = await Bench.MakeAsync(new MemoryStore(), 1);
        DiskPoint point = await bench.TrackAsync(disk.Snapshot(), "anything", "t1", (0, 1));
        Assert.Equal(RestorePointKind.Full, point.Kind);
        Assert.Equal("", point.LostReason);
        Assert.Equal("t1", point.TrackingId);
        Assert.Equal(Size, point.Statistics.BytesRead);
    }

    [Theory]
    [InlineData(null, "does not say since when")]
    [InlineData("t0", "no restore point of this disk recorded the tracking id 't0'")]
    public async Task An_unknown_start_is_lost(string? since, string reason)
    {
        Bench bench = await StartedAsync();
        await RequireLostAsync(bench, disk, TestSource.Tracked(disk.Snapshot(), since, "t2"), reason);
    }

    [Fact]
    public async Task No_tracking_is_lost_and_nothing_is_said_about_it()
    {
        Bench bench = await StartedAsync();
        BackupReport report = await bench.BackupAsync(new DiskRequest("disk", new UntrackedSource(disk.Snapshot)));
        Assert.Equal(RestorePointKind.Recovered, report.Point.Disks[0].Kind);
        Assert.Equal(UntrackedSource.Reason, report.Point.Disks[0].LostReason);
        Assert.Empty(report.Warnings);
    }

    [Fact]
    public async Task A_source_that_says_lost_is_taken_at_its_word()
    {
        Bench bench = await StartedAsync();
        TestSource source = new(disk.Snapshot())
        {
            Since = "t1",
            Id = "t2",
            Changes = new DiskChanges.Lost("the log wrapped"),
        };
        await RequireLostAsync(bench, disk, source, "the log wrapped");
    }

    [Fact]
    public async Task A_source_that_says_much_is_cut_short()
    {
        Bench bench = await StartedAsync();
        TestSource source = new(disk.Snapshot()) { Changes = new DiskChanges.Lost(new string('x', 9000)) };
        await RequireLostAsync(bench, disk, source, "xxx…");
    }

    [Fact]
    public async Task Ranges_past_the_end_of_the_disk_are_lost()
    {
        Bench bench = await StartedAsync();
        await RequireLostAsync(
            bench, disk, TestSource.Tracked(disk.Snapshot(), "t1", "t2", (Size - 1, 2)), "the changes reach byte");
        await RequireLostAsync(
            bench, disk, TestSource.Tracked(disk.Snapshot(), "t2", "t3", (10L * Size, 2)), "the changes reach byte");
    }

    [Theory]
    [InlineData("""{"since":"t1","id":"t2","ranges":[{"offset":-1,"length":1}]}""")]
    [InlineData("""{"since":"t1","id":"t2","ranges":[{"offset":327679,"length":2}]}""")]
    [InlineData("""{"since":"t1","id":"t2","ranges":[{"offset":0""")]
    [InlineData("""{"since":"t1","ranges":[{"offset":0,"length":1}]}""")]
    [InlineData("""{"since":"t1","id":"t1","ranges":[{"offset":0,"length":1}]}""")]
    [InlineData("""{"id":"t2","ranges":[{"offset":0,"length":1}]}""")]
    public async Task A_ranges_file_that_is_not_usable_is_lost(string json)
    {
        Bench bench = await StartedAsync();
        disk.Change(5 * Bench.ChunkSizeBytes, 100, 2);
        RangesFile file = RangesFile.Read(new MemoryStream(System.Text.Encoding.UTF8.GetBytes(json)));
        RangesFileSource source = new("ranges", file, disk.Snapshot);
        BackupReport report = await bench.BackupAsync(new DiskRequest("disk", source));
        Assert.Equal(RestorePointKind.Recovered, report.Point.Disks[0].Kind);
        Assert.NotEqual("", report.Point.Disks[0].LostReason);
        Assert.Single(report.Warnings);
        Assert.Equal(disk.Bytes, await bench.ReadAsync(report.Point.Id, "disk"));
    }

    [Theory]
    [InlineData(Size + Bench.ChunkSizeBytes)]
    [InlineData(40 * Bench.ChunkSizeBytes)]
    [InlineData(Size - 512)]
    [InlineData(512)]
    public async Task A_resized_disk_is_lost(int sizeBytes)
    {
        Bench bench = await StartedAsync();
        MemoryDisk resized = disk.Resized(sizeBytes);
        resized.Change(0, 100, 5);
        await RequireLostAsync(
            bench, resized, TestSource.Tracked(resized.Snapshot(), "t1", "t2"), $"resized from {Size} to {sizeBytes}");
        Assert.Equal(RestorePointKind.Incremental, (await TrackNextAsync(bench, resized, "t2")).Kind);
    }

    /// <summary>More than all batches in flight hold, so that each is used again.</summary>
    [Fact]
    public async Task A_disk_that_grew_by_more_of_the_same_has_it_in_its_new_part_too()
    {
        Bench bench = await Bench.MakeAsync(new MemoryStore(), 1);
        byte[] chunk = Content.Random(Bench.ChunkSizeBytes, 1);
        byte[] bytes = [.. Enumerable.Repeat(chunk, 3000).SelectMany(same => same)];
        await bench.TrackAsync(MemoryDisk.Of(bytes[..(bytes.Length / 2)]), null, "t1");
        await bench.TrackAsync(MemoryDisk.Of(bytes), null, "t2");
        byte[] found = await bench.ReadAsync((await bench.PointsAsync())[^1].Id, "disk");
        Assert.True(found.AsSpan().SequenceEqual(bytes));
    }

    [Theory]
    [InlineData("guid-2")]
    [InlineData(null)]
    public async Task Another_disk_under_the_same_name_is_lost(string? identity)
    {
        Bench bench = await StartedAsync();
        MemoryDisk other = disk.Resized(Size, identity);
        await RequireLostAsync(bench, other, TestSource.Tracked(other.Snapshot(), "t1", "t2"), "replaced");
    }

    [Fact]
    public async Task A_full_is_made_on_request_and_takes_nothing_from_earlier()
    {
        Bench bench = await StartedAsync();
        BackupRequest request = new()
        {
            VmName = Bench.Vm,
            Disks = [new DiskRequest("disk", TestSource.Tracked(disk.Snapshot(), "t1", "t2", (0, 1)))],
            Full = true,
        };
        DiskPoint point = (await bench.BackupAsync(request)).Point.Disks[0];
        Assert.Equal(RestorePointKind.Full, point.Kind);
        Assert.True(point.Parent.IsNone);
        Assert.Empty(point.Lists);
        Assert.Equal("t2", point.TrackingId);
        Assert.Equal(Size, point.Statistics.BytesRead);
        Assert.Equal(0, point.Statistics.ChunksNew);
    }

    [Fact]
    public async Task The_parent_is_the_newest_point_of_the_tracking_id_and_not_merely_the_newest()
    {
        Bench bench = await StartedAsync();
        List<RestorePoint> first = await bench.PointsAsync();
        MemoryDisk changed = disk.Snapshot();
        changed.Change(0, 10, 3);
        await bench.TrackAsync(changed, "t1", "t2", (0, 10));
        (long, long) range = disk.Change(5 * Bench.ChunkSizeBytes, 10, 4);
        DiskPoint child = await bench.TrackAsync(disk.Snapshot(), "t1", "t3", range);
        List<RestorePoint> points = await bench.PointsAsync();
        Assert.Equal([1L, 2, 3], points.Select(point => point.Sequence));
        Assert.Equal(first[0].Id, child.Parent);
        Assert.Equal(RestorePointKind.Incremental, child.Kind);
        Assert.Equal(changed.Bytes, await bench.ReadAsync(points[1].Id, "disk"));
        Assert.Equal(disk.Bytes, await bench.ReadAsync(points[2].Id, "disk"));
    }

    [Fact]
    public async Task A_renamed_disk_is_known_by_its_identity_before_its_name()
    {
        Bench bench = await Bench.MakeAsync(new MemoryStore(), 1);
        MemoryDisk other = Content.RandomDisk(Size, 2, "guid-2");
        await bench.BackupAsync(Request("a", disk, null, "t1"), Request("b", other, null, "t1"));
        (long, long) range = disk.Change(0, 10, 3);
        BackupReport report = await bench.BackupAsync(
            Request("a", other, "t1", "t2"), Request("b", disk, "t1", "t2", range));
        Assert.All(report.Point.Disks, made => Assert.Equal(RestorePointKind.Incremental, made.Kind));
        Assert.Equal(other.Bytes, await bench.ReadAsync(report.Point.Id, "a"));
        Assert.Equal(disk.Bytes, await bench.ReadAsync(report.Point.Id, "b"));
        await bench.SynthesizeAsync();
    }

    [Fact]
    public async Task Two_disks_of_one_identity_are_told_apart_by_their_names()
    {
        Bench bench = await Bench.MakeAsync(new MemoryStore(), 1);
        MemoryDisk copy = Content.RandomDisk(Size, 2, disk.Identity);
        await bench.BackupAsync(Request("a", disk, null, "t1"), Request("b", copy, null, "t1"));
        (long, long) range = disk.Change(0, 10, 3);
        BackupReport report = await bench.BackupAsync(
            Request("a", disk, "t1", "t2", range), Request("b", copy, "t1", "t2"));
        Assert.Equal(disk.Bytes, await bench.ReadAsync(report.Point.Id, "a"));
        Assert.Equal(copy.Bytes, await bench.ReadAsync(report.Point.Id, "b"));
        Assert.All(report.Point.Disks, made => Assert.Equal(RestorePointKind.Incremental, made.Kind));
        SynthesizedOf(await bench.SynthesizeAsync(), report.Point);
    }

    [Fact]
    public async Task A_copy_of_a_disk_with_its_identity_takes_nothing_from_the_original_on_its_word()
    {
        Bench bench = await Bench.MakeAsync(new MemoryStore(), 1);
        await bench.BackupAsync(Request("a", disk, null, "t1"));
        MemoryDisk copy = Content.RandomDisk(Size, 2, disk.Identity);
        BackupReport report = await bench.BackupAsync(
            Request("b", copy, "t1", "t2"), Request("a", disk, "t1", "t2"));
        Assert.Equal(copy.Bytes, await bench.ReadAsync(report.Point.Id, "b"));
        Assert.Equal(disk.Bytes, await bench.ReadAsync(report.Point.Id, "a"));
        Assert.Equal(RestorePointKind.Full, report.Point.Disks[0].Kind);
        Assert.Equal(RestorePointKind.Incremental, report.Point.Disks[1].Kind);
        SynthesizedOf(await bench.SynthesizeAsync(), report.Point);
    }

    [Fact]
    public async Task Several_disks_go_each_their_own_way_into_one_point()
    {
        Bench bench = await Bench.MakeAsync(new MemoryStore(), 1);
        MemoryDisk second = Content.RandomDisk(Size / 2, 2);
        await bench.BackupAsync(Request("a", disk, null, "t1"), Request("b", second, null, "u1"));
        MemoryDisk third = Content.RandomDisk(Size + 700, 3);
        (long, long) range = disk.Change(100, 10, 4);
        second.Change(100, 10, 5);
        BackupReport report = await bench.BackupAsync(
            Request("a", disk, "t1", "t2", range), Request("b", second, "other", "u2"),
            Request("c", third, null, null));
        Assert.Equal(
            [RestorePointKind.Incremental, RestorePointKind.Recovered, RestorePointKind.Full],
            report.Point.Disks.Select(made => made.Kind));
        Assert.Equal(RestorePointKind.Recovered, report.Point.Kind);
        Assert.Equal(disk.Bytes, await bench.ReadAsync(report.Point.Id, "a"));
        Assert.Equal(second.Bytes, await bench.ReadAsync(report.Point.Id, "b"));
        Assert.Equal(third.Bytes, await bench.ReadAsync(report.Point.Id, "c"));
    }

    private static void SynthesizedOf(Operations.Synthesize.SynthesizeReport made, RestorePoint point) =>
        Assert.Equal(point.Disks.Select(found => found.Root), made.Point.Disks.Select(found => found.Root));

    private static DiskRequest Request(
        string name, MemoryDisk disk, string? since, string? id, params (long, long)[] ranges) =>
        new(name, TestSource.Tracked(disk.Snapshot(), since, id, ranges));

    private async Task<Bench> StartedAsync()
    {
        Bench bench = await Bench.MakeAsync(new MemoryStore(), 1);
        await bench.TrackAsync(disk.Snapshot(), null, "t1");
        return bench;
    }

    private Task<DiskPoint> TrackNextAsync(Bench bench, MemoryDisk now, string since) =>
        bench.TrackAsync(now.Snapshot(), since, $"next-{++steps}");

    private static async Task RequireLostAsync(Bench bench, MemoryDisk now, TestSource source, string reason)
    {
        BackupReport report = await bench.BackupAsync(new DiskRequest("disk", source));
        DiskPoint point = report.Point.Disks[0];
        Assert.Equal(RestorePointKind.Recovered, point.Kind);
        Assert.Contains(reason, point.LostReason, StringComparison.Ordinal);
        Assert.Contains(reason, Assert.Single(report.Warnings), StringComparison.Ordinal);
        Assert.Equal(source.Id, point.TrackingId);
        Assert.Equal(
            now.AllocatedRanges(new ByteRange(0, now.VirtualSizeBytes)).Sum(range => range.LengthBytes),
            point.Statistics.BytesRead);
        Assert.Equal(now.Bytes, await bench.ReadAsync(report.Point.Id, "disk"));
    }
}
