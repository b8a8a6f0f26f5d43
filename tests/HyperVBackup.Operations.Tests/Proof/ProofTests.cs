using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using HyperVBackup.Disks.Changes;
using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Proof;
using HyperVBackup.Operations.Tests.Kit;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Operations.Tests.Proof;

/// <summary>How much of a disk is said to be proven, and since when.</summary>
public sealed class ProofTests
{
    private const int Chunk = Bench.ChunkSizeBytes;

    [Fact]
    public async Task A_disk_is_proven_since_the_newest_point_after_which_all_of_it_was_read_or_audited()
    {
        Bench bench = await Bench.MakeAsync(new MemoryStore(), 1);
        bench.AuditPercent = 10;
        MemoryDisk disk = Content.RandomDisk((20 * Chunk) - 512, 1);
        List<RestorePoint> points = [(await BackUpAsync(bench, disk, 0)).Point];
        await RequireAsync(bench, points, 0, later: 0, laterCount: 0);
        for (int run = 1; run <= 12; run++)
        {
            points.Add((await BackUpAsync(bench, disk, run)).Point);
            if (run < 10)
            {
                await RequireAsync(bench, points, 0, later: 2 * run / 20.0, laterCount: run);
            }
            else
            {
                await RequireAsync(bench, points, run - 9, later: 18 / 20.0, laterCount: 9);
            }
        }

        // What changed was read: that proves it too.
        (long, long) told = disk.Change(8 * Chunk, 10 * Chunk, 2);
        points.Add((await BackUpAsync(bench, disk, 13, told)).Point);
        DiskProof proof = await ProofAsync(bench, points);
        Assert.Equal((1, 9), (proof.ProvenShare, proof.LaterPointCount));
        points.Add((await bench.SynthesizeAsync()).Point);
        DiskProof synthetic = await ProofAsync(bench, points);
        Assert.Equal(
            (proof.Since.Id, proof.LaterShare, proof.LaterPointCount),
            (synthetic.Since.Id, synthetic.LaterShare, synthetic.LaterPointCount));

        // A recovery reads all.
        BackupReport lost = await bench.BackupAsync(
            new DiskRequest("disk", new TestSource(disk.Snapshot()) { Id = "t14" }));
        points.Add(lost.Point);
        await RequireAsync(bench, points, points.Count - 1, later: 0, laterCount: 0);
    }

    [Fact]
    public async Task Where_points_are_gone_only_what_later_ones_compared_is_proven()
    {
        Bench bench = await Bench.MakeAsync(new MemoryStore(), 1);
        bench.AuditPercent = 10;
        MemoryDisk disk = Content.RandomDisk(20 * Chunk, 1);
        List<RestorePoint> points = [];
        for (int run = 0; run <= 5; run++)
        {
            points.Add((await BackUpAsync(bench, disk, run)).Point);
        }

        points.RemoveRange(0, 3);
        DiskProof proof = await ProofAsync(bench, points);
        Assert.Equal(6 / 20.0, proof.ProvenShare, 3);
        Assert.Equal(4 / 20.0, proof.LaterShare, 3);
        Assert.Equal((points[0].Id, 2), (proof.Since.Id, proof.LaterPointCount));
    }

    [Property(MaxTest = 200)]
    public void A_cover_is_as_long_as_the_bytes_in_it(int seed)
    {
        Random random = new(seed);
        RangeCover cover = new();
        bool[] isCovered = new bool[60];
        for (int round = 0; round < 6; round++)
        {
            List<(long StartBytes, long EndBytes)> ranges = [];
            for (int at = random.Next(20); at < isCovered.Length; at += random.Next(12))
            {
                int end = Math.Min(isCovered.Length, at + random.Next(1, 8));
                ranges.Add((at, end));
                isCovered.AsSpan(at, end - at).Fill(true);
                at = end;
            }

            cover.Add(ranges);
            Assert.Equal(isCovered.Count(covered => covered), cover.TotalBytes);
        }
    }

    private static Task<BackupReport> BackUpAsync(
        Bench bench, MemoryDisk disk, int run, params (long OffsetBytes, long LengthBytes)[] told) =>
        bench.BackupAsync(
            new DiskRequest("disk", TestSource.Tracked(disk.Snapshot(), $"t{run - 1}", $"t{run}", told)));

    private static async Task<DiskProof> ProofAsync(Bench bench, List<RestorePoint> points) =>
        Assert.Single(await bench.Engine.MeasureProofAsync(points[^1], points));

    private static async Task RequireAsync(
        Bench bench, List<RestorePoint> points, int since, double later, int laterCount)
    {
        DiskProof proof = await ProofAsync(bench, points);
        Assert.Equal((1, points[since].Id), (proof.ProvenShare, proof.Since.Id));
        Assert.Equal(later, proof.LaterShare, 2);
        Assert.Equal(laterCount, proof.LaterPointCount);
    }
}
