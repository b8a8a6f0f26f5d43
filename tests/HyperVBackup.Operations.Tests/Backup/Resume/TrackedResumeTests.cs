using HyperVBackup.Disks.Changes;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Proof;
using HyperVBackup.Operations.Tests.Kit;
using Xunit;

namespace HyperVBackup.Operations.Tests.Backup.Resume;

/// <summary>A comparison of a disk that is written meanwhile goes on where it was, but for what its tracker says has
/// changed since.</summary>
public sealed class TrackedResumeTests
{
    private const int Chunk = Bench.ChunkSizeBytes;
    private const int Batch = ResumeBench.BatchBytes;
    private const int SizeBytes = 6 * Batch;
    private const int ComparedBytes = 4 * Batch;
    private const int LastBatch = (ComparedBytes / Batch) - 1;
    private const string Moment = "a moment";

    private readonly MemoryDisk first = Content.RandomDisk(SizeBytes, 1);
    private readonly MemoryDisk disk;
    private readonly List<(long OffsetBytes, long LengthBytes)> told = [];

    public TrackedResumeTests()
    {
        first.Discard(2 * Batch, 4 * Chunk);
        disk = first.Snapshot();
        disk.Write(60 * Chunk, disk.Bytes.AsSpan(0, 3 * Chunk));
        disk.Discard((Batch / 2) + Batch, Batch / 4);
    }

    [Fact]
    public async Task What_its_tracker_says_has_changed_is_read_again_and_nothing_else()
    {
        using ResumeBench bench = await StoppedAsync();
        Assert.Equal("AbandonNoted", bench.Source!.Steps[^2]);
        Write(3 * Chunk, Chunk); // was as in the parent
        Write((9 * Chunk) + 5, 1);
        Write(61 * Chunk, Chunk); // was another one
        Write(50 * Chunk, 2 * Chunk); // was discarded
        Write(66 * Chunk, Chunk); // was nothing
        Discard(11 * Chunk, 2 * Chunk);
        Discard(62 * Chunk, 5 * Chunk); // was another one, and what nothing was
        told.Add((20 * Chunk, Chunk)); // is as it was
        told.Add((ComparedBytes - Chunk, 2 * Chunk)); // reaches into what was not compared
        BackupReport report = await ResumeAsync(bench);

        DiskPoint point = report.Point.Disks[0];
        RequireSame(await ResumeBench.UnstoppedAsync(first, disk), point);
        int again = 1 + 1 + 1 + 2 + 2 + 5 + 1 + 1;
        Assert.Equal(ComparedBytes - (again * Chunk), report.BytesResumed[0]);
        Assert.DoesNotContain(report.Warnings, warning => warning.Contains("interrupted", StringComparison.Ordinal));
        Assert.Equal(disk.Bytes, await (await bench.OpenAsync()).ReadAsync(report.Point.Id, "disk"));
        Assert.InRange(point.Statistics.BytesRead, (2 * Batch) + (7 * Chunk), (2 * Batch) + (again * Chunk));
        Assert.Equal("Dispose,Confirm", $"{bench.Source!.Steps[^1]},{bench.Source.Steps[^2]}");
    }

    [Fact]
    public async Task Where_all_has_changed_all_is_read_and_nothing_rests_on_the_tracker()
    {
        using ResumeBench bench = await StoppedAsync();
        told.Add((0, SizeBytes));
        disk.Change(0, Chunk, 7);
        long before = bench.ReadBytes;
        BackupReport report = await ResumeAsync(bench, audit: 10);

        Assert.Equal(0, report.BytesResumed[0]);
        Assert.Equal(report.Point.Disks[0].Statistics.BytesRead, bench.ReadBytes - before);
        ResumeBench.RequireSame(await ResumeBench.UnstoppedAsync(first, disk), report.Point.Disks[0]);
        Assert.Equal(0u, report.Point.Disks[0].Audit.HorizonRunCount);
    }

    [Theory]
    [InlineData("another moment")]
    [InlineData(null)]
    public async Task Of_another_moment_or_none_nothing_is_believed(string? moment)
    {
        using ResumeBench bench = await StoppedAsync();
        disk.Change(3 * Chunk, Chunk, 7); // and nobody says so
        ViewStamp? stamp = moment is null ? null : new ViewStamp(moment, ChangedRanges.Empty);
        BackupReport report = (await bench.TryAsync(disk, stamp: stamp))!;

        Assert.Equal(0, report.BytesResumed[0]);
        ResumeBench.RequireSame(await ResumeBench.UnstoppedAsync(first, disk), report.Point.Disks[0]);
        Assert.Contains(
            report.Warnings, warning => warning.Contains("the disk may have changed since", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_view_is_abandoned_as_noted_only_where_something_is()
    {
        using ResumeBench bench = await ResumeBench.MakeAsync(first);
        Assert.Null(await bench.TryAsync(disk, stopAt: 0, isDrained: false, stamp: Stamp()));
        Assert.Equal(["Open", "Abandon", "Dispose"], bench.Source!.Steps);
        Assert.Null(await bench.TryAsync(disk, stopAtBatch: 1, stamp: Stamp()));
        Assert.Equal(["Open", "AbandonNoted", "Dispose"], bench.Source!.Steps);
        Assert.Null(await bench.TryAsync(disk, stopAt: 0, isDrained: false, stamp: Stamp())); // noted before
        Assert.Equal(["Open", "AbandonNoted", "Dispose"], bench.Source!.Steps);
        Assert.Null(await bench.TryAsync(disk, stopAtBatch: 1)); // nothing tells what changes
        Assert.Equal(["Open", "Abandon", "Dispose"], bench.Source!.Steps);
    }

    /// <summary>What is read of it refutes the note: it is gone, and what recorded since is of no use.</summary>
    [Fact]
    public async Task A_note_that_the_disk_refutes_is_not_kept()
    {
        disk.Change(5 * Chunk, Chunk, 8);
        using ResumeBench bench = await StoppedAsync();
        disk.Change(5 * Chunk, Chunk, 9); // and nobody says so
        BackupReport report = await ResumeAsync(bench);

        Assert.Equal("Open,Abandon,Dispose,Open,Seal,Confirm,Dispose", string.Join(',', bench.Source!.Steps));
        Assert.Contains(report.Warnings, warning => warning.Contains("it began again", StringComparison.Ordinal));
        ResumeBench.RequireSame(await ResumeBench.UnstoppedAsync(first, disk), report.Point.Disks[0]);
    }

    [Fact]
    public async Task A_tracker_that_was_caught_is_not_asked()
    {
        using ResumeBench bench = await ResumeBench.MakeAsync(first);
        Bench maker = await bench.OpenAsync();
        await maker.TrackAsync(first.Snapshot(), null, "one");
        first.Change(7 * Chunk, Chunk, 4);
        maker.AuditPercent = 100;
        DiskPoint caught = await maker.TrackAsync(first.Snapshot(), "one", "two");
        Assert.Equal(SourceTrust.Distrusted, caught.Audit.Trust);

        Assert.Null(await bench.TryAsync(disk, stopAtBatch: 1, stamp: Stamp()));
        Assert.Equal("Abandon", bench.Source!.Steps[^2]);
        BackupReport report = await ResumeAsync(bench);
        Assert.Equal(0, report.BytesResumed[0]);
        Assert.Equal(disk.Bytes, await (await bench.OpenAsync()).ReadAsync(report.Point.Id, "disk"));
    }

    [Theory]
    [InlineData(0.0, DiskAudit.Never)]
    [InlineData(10.0, 10u)]
    [InlineData(100.0, 1u)]
    public async Task What_was_not_read_again_is_proven_by_audits_only(double percent, uint horizon)
    {
        using ResumeBench bench = await StoppedAsync();
        Write(3 * Chunk, Chunk);
        BackupReport report = await ResumeAsync(bench, percent);

        DiskPoint point = report.Point.Disks[0];
        Assert.Equal(horizon, point.Audit.HorizonRunCount);
        ListReference read = Assert.Single(point.Lists, list => list.Kind == ListKind.ReportedRanges);
        Assert.Equal(2, read.EntryCount);
        Bench reader = await bench.OpenAsync();
        List<RestorePoint> points = [report.Point];
        DiskProof proof = Assert.Single(
            await reader.Engine.MeasureProofAsync(report.Point, points, CancellationToken.None));
        Assert.Equal(((2 * Batch) + Chunk) / (double)SizeBytes, proof.ProvenShare, 6);
    }

    private async Task<ResumeBench> StoppedAsync()
    {
        ResumeBench bench = await ResumeBench.MakeAsync(first);
        Assert.Null(await bench.TryAsync(disk, isDrained: false, stopAtBatch: LastBatch, stamp: Stamp()));
        return bench;
    }

    private Task<BackupReport> ResumeAsync(ResumeBench bench, double audit = 0) => Required(
        bench.TryAsync(disk, change: request => request with { AuditPercent = audit }, stamp: Stamp()));

    private static async Task<BackupReport> Required(Task<BackupReport?> running) => (await running)!;

    private ViewStamp Stamp() => new(Moment, ChangedRanges.Build(told));

    private void Write(int offsetBytes, int lengthBytes) =>
        told.Add(disk.Change(offsetBytes, lengthBytes, offsetBytes));

    private void Discard(int offsetBytes, int lengthBytes)
    {
        disk.Discard(offsetBytes, lengthBytes);
        told.Add((offsetBytes, lengthBytes));
    }

    /// <summary>But for the list of what was read.</summary>
    private static void RequireSame(DiskPoint expected, DiskPoint actual) => ResumeBench.RequireSame(
        expected, actual with { Lists = [.. actual.Lists.Where(list => list.Kind == ListKind.Changes)] });
}
