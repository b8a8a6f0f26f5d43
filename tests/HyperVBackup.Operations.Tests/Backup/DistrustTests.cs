using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;
using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Tests.Kit;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Operations.Tests.Backup;

/// <summary>How long a change source that an audit caught is not believed.</summary>
public sealed class DistrustTests
{
    private const int Chunk = Bench.ChunkSizeBytes;
    private readonly MemoryDisk disk = Content.RandomDisk(40 * Chunk, 1, "{disk}");
    private int state;

    [Fact]
    public async Task A_full_comparison_that_agrees_with_the_claim_ends_distrust_and_its_point_is_recovered()
    {
        Bench bench = await CaughtAsync();
        bench.AuditPercent = 0;
        BackupReport trial = await TellAsync(bench, 3 * Chunk, 5);
        DiskPoint point = trial.Point.Disks[0];
        Assert.Equal((RestorePointKind.Recovered, SourceTrust.Restored), (point.Kind, point.Audit.Trust));
        Assert.Equal(SourceDistrust.Reason, point.LostReason);
        Assert.Equal((Chunk, 39L * Chunk), (point.Statistics.BytesRead, point.Statistics.BytesAudited));
        Assert.Empty(trial.Findings);
        Assert.Contains("is trusted again", Assert.Single(trial.Warnings), StringComparison.Ordinal);
        await RequireRightAsync(bench, trial);

        BackupReport trusted = await TellAsync(bench, 4 * Chunk, 5);
        point = trusted.Point.Disks[0];
        Assert.Equal((RestorePointKind.Incremental, SourceTrust.Restored), (point.Kind, point.Audit.Trust));
        Assert.Equal((Chunk, 0L), (point.Statistics.BytesRead, point.Statistics.BytesAudited));
        Assert.Empty(trusted.Warnings);
        await bench.SynthesizeAsync();
    }

    [Fact]
    public async Task A_claim_that_is_wrong_again_keeps_distrust_and_is_told_with_its_ranges()
    {
        Bench bench = await CaughtAsync();
        bench.AuditPercent = 0;
        for (int again = 0; again < 3; again++)
        {
            disk.Change((30 - again) * Chunk, 2 * Chunk, 70 + again);
            BackupReport trial = await TellAsync(bench, 3 * Chunk, 60 + again);
            DiskPoint point = trial.Point.Disks[0];
            Assert.Equal((RestorePointKind.Recovered, SourceTrust.Distrusted), (point.Kind, point.Audit.Trust));
            AuditFinding finding = Assert.Single(trial.Findings);
            Assert.Equal([new ByteRange((30 - again) * Chunk, 2 * Chunk)], finding.Ranges);
            Assert.Contains(finding.Ranges[0].ToString(), point.LostReason, StringComparison.Ordinal);
            Assert.Equal(disk.VirtualSizeBytes, point.Statistics.BytesRead + point.Statistics.BytesAudited);
            await RequireRightAsync(bench, trial);
        }
    }

    /// <summary>What the image no longer holds, though nobody said so, is a lie too.</summary>
    [Fact]
    public async Task A_claim_is_held_against_what_the_image_does_not_hold_as_well()
    {
        Bench bench = await CaughtAsync();
        disk.Discard(20 * Chunk, 2 * Chunk);
        BackupReport trial = await TellAsync(bench, 3 * Chunk, 5);
        Assert.Equal(SourceTrust.Distrusted, trial.Point.Disks[0].Audit.Trust);
        Assert.Equal(2, Assert.Single(trial.Findings).ChunkCount);
        await RequireRightAsync(bench, trial);
    }

    public static TheoryData<string> NoClaims => new("lost", "untracked", "full", "unknown start", "synthetic");

    [Theory]
    [MemberData(nameof(NoClaims))]
    public async Task A_backup_without_a_claim_ends_nothing(string how)
    {
        Bench bench = await CaughtAsync();
        if (how != "synthetic")
        {
            disk.Change(0, Chunk, 9);
        }

        BackupReport? between = how switch
        {
            "lost" => await bench.BackupAsync(new DiskRequest("disk", new TestSource(disk.Snapshot()) { Id = Next() })),
            "untracked" => await bench.BackupAsync(
                new DiskRequest("disk", new UntrackedSource(() => disk.Snapshot()))),
            "full" => await bench.BackupAsync(new BackupRequest
            {
                VmName = Bench.Vm,
                Full = true,
                Disks = [new DiskRequest("disk", TestSource.Tracked(disk.Snapshot(), $"t{state}", Next(), (0, Chunk)))],
            }),
            "unknown start" => await bench.BackupAsync(
                new DiskRequest("disk", TestSource.Tracked(disk.Snapshot(), "t77", Next(), (0, Chunk)))),
            _ => null,
        };
        if (between is null)
        {
            await bench.SynthesizeAsync();
        }
        else
        {
            Assert.Equal(SourceTrust.Distrusted, between.Point.Disks[0].Audit.Trust);
            await RequireRightAsync(bench, between);
        }

        // The same disk on another host, which knows nothing but the repository.
        Bench other = await bench.ReopenAsync(50);
        other.AuditPercent = 0;
        BackupReport next = how == "untracked"
            ? await other.BackupAsync(new DiskRequest("disk", new TestSource(disk.Snapshot()) { Id = Next() }))
            : await TellAsync(other, 5 * Chunk, 8);
        Assert.Equal(RestorePointKind.Recovered, next.Point.Disks[0].Kind);
        Assert.Equal(
            how is "untracked" ? SourceTrust.Distrusted : SourceTrust.Restored, next.Point.Disks[0].Audit.Trust);
        BackupReport last = await TellAsync(other, 6 * Chunk, 8);
        Assert.Equal(
            how is "untracked" ? RestorePointKind.Recovered : RestorePointKind.Incremental, last.Point.Disks[0].Kind);
        Assert.Equal(SourceTrust.Restored, last.Point.Disks[0].Audit.Trust);
    }

    [Fact]
    public void Whoever_knew_of_a_catch_may_end_it_and_nobody_who_did_not()
    {
        Assert.Equal(SourceTrust.Undoubted, TrustOf());
        Assert.Equal(SourceTrust.Undoubted, TrustOf((1, SourceTrust.Undoubted)));
        Assert.Equal(SourceTrust.Distrusted, TrustOf((2, SourceTrust.Distrusted), (5, SourceTrust.Undoubted)));
        Assert.Equal(SourceTrust.Restored, TrustOf((2, SourceTrust.Distrusted), (3, SourceTrust.Restored)));
        Assert.Equal(SourceTrust.Distrusted, TrustOf((3, SourceTrust.Distrusted), (3, SourceTrust.Restored)));
        Assert.Equal(
            SourceTrust.Distrusted,
            TrustOf((4, SourceTrust.Distrusted), (2, SourceTrust.Distrusted), (3, SourceTrust.Restored)));
        Assert.Equal(SourceTrust.Restored, TrustOf((4, SourceTrust.Restored), (5, SourceTrust.Undoubted)));
    }

    private static SourceTrust TrustOf(params (long Sequence, SourceTrust Trust)[] points) =>
        SourceDistrust.Of(points.Select(point =>
        {
            DiskPoint disk = new()
            {
                Name = "disk",
                Kind = RestorePointKind.Full,
                VirtualSizeBytes = Chunk,
                ChunkSizeBytes = Chunk,
                Root = default,
                TopNode = default,
                Audit = new DiskAudit { Trust = point.Trust },
            };
            return (new RestorePoint
            {
                Id = default,
                Sequence = point.Sequence,
                Time = default,
                VmIdentity = "name:vm",
                VmName = new VmName("vm"),
                Disks = [disk],
            }, disk);
        }));

    /// <summary>A source that was caught once.</summary>
    private async Task<Bench> CaughtAsync()
    {
        Bench bench = await Bench.MakeAsync(new MemoryStore(), 1);
        bench.AuditPercent = 100;
        await bench.TrackAsync(disk.Snapshot(), null, "t0");
        disk.Change(25 * Chunk, 1, 2);
        BackupReport caught = await TellAsync(bench, 2 * Chunk, 3);
        Assert.Equal(SourceTrust.Distrusted, caught.Point.Disks[0].Audit.Trust);
        Assert.Equal(25L * Chunk, Assert.Single(caught.Findings).Ranges[0].StartBytes);
        await RequireRightAsync(bench, caught);
        return bench;
    }

    /// <summary>Changes a chunk and says so.</summary>
    private Task<BackupReport> TellAsync(Bench bench, int offsetBytes, int seed)
    {
        (long, long) told = disk.Change(offsetBytes, 1, seed);
        string since = $"t{state}";
        return bench.BackupAsync(
            new DiskRequest("disk", TestSource.Tracked(disk.Snapshot(), since, Next(), told)));
    }

    private string Next() => $"t{++state}";

    private async Task RequireRightAsync(Bench bench, BackupReport report) =>
        Assert.Equal(disk.Bytes, await bench.ReadAsync(report.Point.Id, "disk"));
}
