using HyperVBackup.Disks;
using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Tests.Kit;
using Xunit;

namespace HyperVBackup.Operations.Tests.Backup.Resume;

/// <summary>A comparison that is interrupted goes on where it was.</summary>
public sealed class ResumeTests
{
    private const int Chunk = Bench.ChunkSizeBytes;
    private const int Batch = ResumeBench.BatchBytes;
    private const int SizeBytes = 6 * Batch;
    private const int NewBytes = 5 * Chunk;

    private readonly MemoryDisk first = Content.RandomDisk(SizeBytes, 1);
    private readonly MemoryDisk disk;

    public ResumeTests()
    {
        disk = first.Snapshot();
        disk.Stamp = ResumeBench.Stamp;
        disk.Change(3 * Chunk, Chunk, 2);
        disk.Change(40 * Chunk, 3 * Chunk, 3);
        disk.Write(70 * Chunk, new byte[2 * Chunk]);
        disk.Write(75 * Chunk, disk.Bytes.AsSpan(3 * Chunk, Chunk));
        disk.Write(100 * Chunk, first.Bytes.AsSpan(0, Chunk));
        disk.Change((190 * Chunk) + 5, 1, 4);
    }

    [Fact]
    public async Task Stopped_at_any_read_it_reads_the_rest_and_ends_as_if_never_stopped()
    {
        DiskPoint unstopped = await ResumeBench.UnstoppedAsync(first, disk);
        for (int stopAt = 0; stopAt < SizeBytes / Batch; stopAt++)
        {
            using ResumeBench bench = await ResumeBench.MakeAsync(first);
            Assert.Null(await bench.TryAsync(disk, stopAt));
            BackupReport report = (await bench.TryAsync(disk))!;

            ResumeBench.RequireSame(unstopped, report.Point.Disks[0]);
            Assert.InRange(bench.ReadBytes, SizeBytes, SizeBytes + NewBytes);
            Assert.InRange(report.BytesResumed[0], ((long)stopAt * Batch) - NewBytes, (long)stopAt * Batch);
            Assert.DoesNotContain(report.Warnings, IsOfInterruption);
            Assert.Equal(disk.Bytes, await (await bench.OpenAsync()).ReadAsync(report.Point.Id, "disk"));
            Assert.Empty(Directory.GetFiles(bench.ComparedFolder, "*", SearchOption.AllDirectories));
        }
    }

    [Fact]
    public async Task Stopped_again_and_again_it_reads_no_more_than_one_batch_each_time_and_what_is_not_stored_yet()
    {
        DiskPoint unstopped = await ResumeBench.UnstoppedAsync(first, disk);
        using ResumeBench bench = await ResumeBench.MakeAsync(first);
        BackupReport? report = null;
        for (int stopAt = 1; report is null; stopAt = stopAt == 1 ? 8 : 1)
        {
            report = await bench.TryAsync(disk, stopAt);
            Assert.True(bench.TryCount < 20);
        }

        ResumeBench.RequireSame(unstopped, report.Point.Disks[0]);
        Assert.InRange(bench.ReadBytes, SizeBytes, SizeBytes + (bench.TryCount * (long)(Batch + NewBytes)));
    }

    [Fact]
    public async Task A_first_full_goes_on_and_what_was_stored_before_is_not_read_again()
    {
        const int PackBytes = 64 << 20;
        MemoryDisk large = Content.RandomDisk(PackBytes + (12 * Batch), 5);
        large.Discard(9 * Batch, 2 * Batch);
        large.Stamp = ResumeBench.Stamp;
        using ResumeBench bench = await ResumeBench.MakeAsync(null);
        Assert.Null(await bench.TryAsync(large, stopAt: 72));
        BackupReport report = (await bench.TryAsync(large))!;

        Assert.Equal(RestorePointKind.Full, report.Point.Disks[0].Kind);
        ResumeBench.RequireSame(await ResumeBench.UnstoppedAsync(null, large), report.Point.Disks[0]);
        Assert.InRange(report.BytesResumed[0], PackBytes, large.VirtualSizeBytes);
        Assert.InRange(bench.ReadBytes, large.VirtualSizeBytes - (2 * Batch), large.VirtualSizeBytes + (12 * Batch));
        Assert.Equal(large.Bytes, await (await bench.OpenAsync()).ReadAsync(report.Point.Id, "disk"));
    }

    [Fact]
    public async Task What_the_image_no_longer_holds_is_remembered_as_zeros()
    {
        disk.Discard(2 * Batch, Batch);
        using ResumeBench bench = await ResumeBench.MakeAsync(first);
        Assert.Null(await bench.TryAsync(disk, stopAt: 4));
        BackupReport report = (await bench.TryAsync(disk))!;

        ResumeBench.RequireSame(await ResumeBench.UnstoppedAsync(first, disk), report.Point.Disks[0]);
        Assert.InRange(bench.ReadBytes, 0, SizeBytes - Batch + NewBytes);
    }

    [Fact]
    public async Task A_disk_that_was_compared_whole_is_not_read_again_while_another_one_is()
    {
        using ResumeBench bench = await ResumeBench.MakeAsync(first);
        MemoryDisk broken = Content.RandomDisk(Batch, 6);
        broken.BeforeRead = _ => throw new ResumeBench.StoppedException();
        BackupRequest WithOther(BackupRequest request, MemoryDisk other) =>
            request with { Disks = [.. request.Disks, new DiskRequest("other", new TestSource(other))] };
        Assert.Null(await bench.TryAsync(disk, change: request => WithOther(request, broken)));
        long before = bench.ReadBytes;
        BackupReport report =
            (await bench.TryAsync(disk, change: request => WithOther(request, Content.RandomDisk(Batch, 6))))!;

        Assert.InRange(bench.ReadBytes - before, 0, NewBytes);
        Assert.Equal([SizeBytes - (bench.ReadBytes - before), 0], report.BytesResumed);
    }

    [Fact]
    public async Task Content_that_is_not_what_was_noted_refutes_the_whole_note()
    {
        using ResumeBench bench = await ResumeBench.MakeAsync(first);
        Assert.Null(await bench.TryAsync(disk, stopAt: 4));
        MemoryDisk lying = disk.Snapshot();
        lying.Change(3 * Chunk, Chunk, 9);
        lying.Change(20 * Chunk, Chunk, 10);
        BackupReport report = (await bench.TryAsync(lying))!;

        Assert.Contains(report.Warnings, warning => warning.Contains("it began again", StringComparison.Ordinal));
        Assert.Equal(0, report.BytesResumed[0]);
        ResumeBench.RequireSame(await ResumeBench.UnstoppedAsync(first, lying), report.Point.Disks[0]);
    }

    private static bool IsOfInterruption(string warning) => warning.Contains("interrupted", StringComparison.Ordinal);
}
