using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using HyperVBackup.Disks.Changes;
using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Tests.Kit;
using Xunit;

namespace HyperVBackup.Operations.Tests.Backup;

/// <summary>How much of an image's metadata is read to find what to audit.</summary>
public sealed class AuditReachTests
{
    private const int MiB = 1 << 20;
    private const int Chunk = 64 << 10;
    private const long SearchBytesMax = 7L << 19;

    /// <summary>Size in GiB, percent, one block in so many is held.</summary>
    public static TheoryData<long, double?, int> HugeDisks => new()
    {
        { 65_536, null, 1 },
        { 65_536, null, 100_000 },
        { 16_384, 1, 1000 },
        { 16_384, 10, 100_000 },
        { 65_536, 99, 1_000_000_000 },
    };

    [Theory]
    [MemberData(nameof(HugeDisks))]
    public void Looking_for_what_to_audit_reads_little_of_the_largest_table(long sizeGiB, double? percent, int step)
    {
        CostlyDisk disk = new(sizeGiB << 30, MiB, 8, block => block % step == 0);
        ChunkRun[] changed = [.. Enumerable.Range(0, 1000).Select(at => new ChunkRun(at * 1000L, 1))];
        AuditPlan plan = new AuditPlanner(disk, Chunk).Plan(percent, changed, AuditState.None);
        long auditedCount = plan.Runs.Where(IsRead).Sum(run => run.Chunks.Count);
        Assert.InRange(disk.MetadataBytesRead, 8, SearchBytesMax + (auditedCount * Chunk / 4096));
        Assert.True(auditedCount > 0);
        Assert.NotEqual(0, plan.CursorIndex);
    }

    [Fact]
    public void The_more_opening_the_image_and_its_changes_take_the_less_is_looked_at()
    {
        ChunkRun[] few = [new(5, 1)];
        ChunkRun[] many = [.. Enumerable.Range(0, 100_000).Select(at => new ChunkRun(at * 100L, 1))];
        long withFew = ReadFor(few, opened: false);
        Assert.InRange(withFew, SearchBytesMax - (64 << 10), SearchBytesMax);
        Assert.InRange(ReadFor(few, opened: true), withFew - (3 * MiB), withFew - (2 * MiB));
        Assert.InRange(ReadFor(many, opened: false), 1, withFew - MiB);
    }

    [Fact]
    public void A_share_is_of_what_is_allocated_where_the_table_can_be_looked_through()
    {
        CostlyDisk disk = new(128L << 30, MiB, 8, block => block % 3 == 0);
        AuditPlan plan = new AuditPlanner(disk, Chunk).Plan(10, [], AuditState.None with { ChunksNonZero = 5_000_000 });
        long allocatedCount = ((disk.BlockCount + 2) / 3) * (MiB / Chunk);
        Assert.Equal((allocatedCount + 9) / 10, plan.Runs.Where(IsRead).Sum(run => run.Chunks.Count));
    }

    [Fact]
    public void Nothing_is_looked_for_where_nothing_or_all_is_to_be_audited()
    {
        CostlyDisk disk = new(128L << 30, MiB, 8, _ => true);
        Assert.Single(new AuditPlanner(disk, Chunk).Plan(0, [new(3, 1)], AuditState.None).Runs);
        Assert.Equal(3, new AuditPlanner(disk, Chunk).Plan(100, [new(3, 1)], AuditState.None).Runs.Count);
        Assert.Equal(0, disk.MetadataBytesRead);
    }

    /// <summary>Also where each run may look at a few blocks only.</summary>
    [Property(MaxTest = 300)]
    public void A_lasting_lie_is_found_within_the_stated_runs_however_little_may_be_looked_at(int seed)
    {
        Random random = new(seed);
        int chunksPerBlock = random.Next(1, 5);
        int blockCount = random.Next(1, 40);
        bool[] isHeld = [.. Enumerable.Range(0, blockCount).Select(_ => random.Next(3) > 0)];
        CostlyDisk disk = new(blockCount * chunksPerBlock * Chunk, chunksPerBlock * Chunk, 64, block => isHeld[block]);
        long allocated = isHeld.Count(held => held) * chunksPerBlock;
        AuditReach reach = new(long.MaxValue, random.Next(0, 400), chunksPerBlock * random.Next(1, 4));
        long budget = random.Next(1, 12);
        long walks = ((blockCount * 64L) + reach.MetadataBytesMax) / (reach.MetadataBytesMax + 1);
        long runCountMax = ((2 * allocated) + budget - 1) / budget + 1 + walks;
        HashSet<long> seen = [];
        long cursor = random.Next(blockCount * chunksPerBlock);
        for (long run = 0; run < runCountMax; run++)
        {
            ChunkRun[] changed = random.Next(2) == 0 ? [] : [new(random.Next(blockCount * chunksPerBlock), 1)];
            AuditPlan plan = AuditPlan.Make(disk, changed, budget, cursor, Chunk, reach);
            seen.UnionWith(plan.Runs.SelectMany(Indexes));
            cursor = plan.CursorIndex;
        }

        Assert.Equal(allocated, seen.Count(index => isHeld[index / chunksPerBlock]));
    }

    private static bool IsRead(ScanRun run) => run.IsAudit && !run.IsGap;

    private static IEnumerable<long> Indexes(ScanRun run) =>
        Enumerable.Range(0, (int)run.Chunks.Count).Select(index => run.Chunks.FirstIndex + index);

    /// <summary>On a disk that holds nothing, so that all that may be looked at is.</summary>
    private static long ReadFor(ChunkRun[] changed, bool opened)
    {
        CostlyDisk disk = new(64L << 40, MiB, 8, _ => false);
        if (opened)
        {
            Assert.Empty(disk.AllocatedRanges(new(0, 128L << 30)));
        }

        long before = disk.MetadataBytesRead;
        new AuditPlanner(disk, Chunk).Plan(1, changed, AuditState.None);
        return disk.MetadataBytesRead - before;
    }
}
