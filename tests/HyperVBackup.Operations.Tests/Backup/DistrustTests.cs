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

/// <summary>How long a change source that an audit caught is not believed.</summary>
public sealed class DistrustTests
{
    private const int Chunk = Bench.ChunkSizeBytes;
    private readonly MemoryStore store = new();
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

    /// <summary>What it told is most of the disk, so nothing was shown of what it leaves out.</summary>
    [Theory]
    [InlineData(40, SourceTrust.Distrusted)]
    [InlineData(21, SourceTrust.Distrusted)]
    [InlineData(20, SourceTrust.Restored)]
    public async Task A_claim_of_most_of_the_disk_ends_nothing(int toldCount, SourceTrust trust)
    {
        Bench bench = await CaughtAsync();
        string since = $"t{state}";
        disk.Change(0, 1, 5);
        BackupReport trial = await bench.BackupAsync(new DiskRequest(
            "disk", TestSource.Tracked(disk.Snapshot(), since, Next(), (0, toldCount * Chunk))));
        Assert.Equal(trust, trial.Point.Disks[0].Audit.Trust);
        Assert.Contains(
            trust == SourceTrust.Distrusted ? "most of the disk" : "trusted again", Assert.Single(trial.Warnings),
            StringComparison.Ordinal);
        Assert.Empty(trial.Findings);
        BackupReport next = await TellAsync(bench, 6 * Chunk, 8);
        Assert.Equal(SourceTrust.Restored, next.Point.Disks[0].Audit.Trust);
    }

    /// <summary>The source was caught and found right before, which all later points repeat: those that are made while
    /// a backup catches it again know nothing of that, be they later by sequence.</summary>
    [Fact]
    public async Task Points_made_beside_a_catch_do_not_end_it_however_many_they_are()
    {
        Bench bench = await CaughtAsync();
        bench.AuditPercent = 0;
        BackupReport restored = await TellAsync(bench, 0, 5);
        Assert.Equal(SourceTrust.Restored, restored.Point.Disks[0].Audit.Trust);
        string since = $"t{state}";
        disk.Change(20 * Chunk, 1, 6);
        MemoryDisk view = disk.Snapshot();
        List<RestorePoint> beside = [];
        view.BeforeRead = range =>
        {
            while (range.StartBytes >= 30 * Chunk && beside.Count < 3)
            {
                bench.AuditPercent = 0;
                beside.Add(TellAsync(bench, 4 * Chunk, 7).GetAwaiter().GetResult().Point);
            }
        };
        bench.AuditPercent = 100;
        RestorePoint caught = (await bench.BackupAsync(
            new DiskRequest("disk", TestSource.Tracked(view, since, "t77", (0, Chunk))))).Point;
        Assert.Equal(SourceTrust.Distrusted, caught.Disks[0].Audit.Trust);
        Assert.Equal(3, beside.Count);
        Assert.All(beside, point => Assert.Equal(SourceTrust.Restored, point.Disks[0].Audit.Trust));
        Assert.True(beside[^1].Sequence > caught.Sequence);

        BackupReport next = await TellAsync(bench, 4 * Chunk, 8);
        Assert.Equal(new ByteRange(20 * Chunk, Chunk), Assert.Single(Assert.Single(next.Findings).Ranges));
        Assert.Equal(SourceTrust.Distrusted, next.Point.Disks[0].Audit.Trust);
        foreach (RestorePointKind kind in new[] { RestorePointKind.Recovered, RestorePointKind.Incremental })
        {
            BackupReport right = await TellAsync(bench, 4 * Chunk, 9);
            Assert.Equal(
                (kind, SourceTrust.Restored), (right.Point.Disks[0].Kind, right.Point.Disks[0].Audit.Trust));
        }
    }

    /// <summary>Sessions open, know the points there are, catch the source, find it right or neither, and commit in any
    /// order; points go where another one names their open catches. What was caught and never found right by one that
    /// knew of it is distrusted, and one that knows all ends it.</summary>
    [Fact]
    public void However_backups_overlap_no_catch_is_lost_and_one_that_knows_all_ends_it()
    {
        int lateCount = 0;
        for (int seed = 0; seed < 400; seed++)
        {
            Random random = new(seed);
            Dictionary<SourceCatch, SourceDistrust> points = [];
            List<SourceDistrust> open = [];
            HashSet<SourceCatch> standing = [];
            for (int step = 0; step < 60; step++)
            {
                SourceCatch self = CatchOf(random);
                switch (random.Next(8))
                {
                    case 0 or 1 or 2:
                        open.Add(Of(points));
                        break;
                    case 3 when points.Count > 1:
                        SourceCatch going = points.Keys.ElementAt(random.Next(points.Count));
                        if (Of(points).Open.All(one => points.Any(p => p.Key != going && p.Value.Open.Contains(one))))
                        {
                            points.Remove(going);
                        }

                        break;
                    case 4 or 5 or 6 when open.Count > 0:
                        SourceDistrust known = open[random.Next(open.Count)];
                        open.Remove(known);
                        lateCount += Of(points).Open.Except(known.Open).Any() ? 1 : 0;
                        int outcome = random.Next(3);
                        standing.ExceptWith(outcome == 0 ? [] : known.Open);
                        standing.UnionWith(outcome == 1 ? [self] : []);
                        points.Add(self, outcome switch
                        {
                            0 => known,
                            1 => known.AfterCatch(self),
                            _ => known.Trust == SourceTrust.Distrusted ? known.AfterProof() : known,
                        });
                        break;
                    default:
                        break;
                }

                Assert.True(standing.Count == 0 || Of(points).Trust == SourceTrust.Distrusted, $"seed {seed}");
            }

            points.Add(CatchOf(random), Of(points).AfterProof());
            Assert.Equal(SourceTrust.Restored, Of(points).Trust);
        }

        Assert.InRange(lateCount, 100, int.MaxValue);
    }

    /// <summary>Whose point is the VM's latest says it, though the state that it holds was before the catch.</summary>
    [Fact]
    public async Task A_synthetic_full_of_what_is_left_of_a_pruned_catch_is_distrusted()
    {
        Bench bench = await Bench.MakeAsync(store, 1);
        bench.AuditPercent = 100;
        await bench.TrackAsync(disk.Snapshot(), null, "t0");
        disk.Change(25 * Chunk, 1, 2);
        RestorePoint caught = (await TellAsync(bench, 2 * Chunk, 3)).Point;
        store[new BlobName(FileNames.PruneMark(caught.Id))] = [];
        RestorePoint made = (await bench.SynthesizeAsync()).Point;
        Assert.Equal(1, made.Sequence - caught.Sequence);
        Assert.NotEqual(caught.Disks[0].Root, made.Disks[0].Root);
        Assert.Equal(SourceTrust.Distrusted, made.Disks[0].Audit.Trust);
        Assert.Equal(new SourceCatch(caught.Id, 0), Assert.Single(made.Disks[0].Audit.OpenCatches));
    }

    private static SourceCatch CatchOf(Random random)
    {
        byte[] session = new byte[SessionId.SizeBytes];
        random.NextBytes(session);
        return new SourceCatch(new SessionId(session), 0);
    }

    private static SourceDistrust Of(Dictionary<SourceCatch, SourceDistrust> points) =>
        SourceDistrust.Of(points.Values.Select(said => new DiskPoint
        {
            Name = "disk",
            Kind = RestorePointKind.Full,
            VirtualSizeBytes = Chunk,
            ChunkSizeBytes = Chunk,
            Root = default,
            TopNode = default,
            Audit = said.SaidIn(DiskAudit.Whole),
        }));

    /// <summary>A source that was caught once.</summary>
    private async Task<Bench> CaughtAsync()
    {
        Bench bench = await Bench.MakeAsync(store, 1);
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
