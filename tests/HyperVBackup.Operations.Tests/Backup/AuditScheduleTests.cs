using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Tests.Kit;
using Xunit;

namespace HyperVBackup.Operations.Tests.Backup;

/// <summary>How many runs it takes an audit to come to every place of a disk, held against a note of when it came to
/// each.</summary>
public sealed class AuditScheduleTests
{
    private const int Chunk = MemoryDisk.BlockSizeBytes * 2;
    private static readonly double[] Shares = [1, 1, 2.5, 7, 10, 30, 60, 99];

    /// <summary>Whatever is allocated, discarded and changed meanwhile.</summary>
    [Property(MaxTest = 30)]
    public void An_exact_share_comes_to_every_chunk_within_its_count_of_runs(int seed)
    {
        Random random = new(seed);
        double percent = Shares[random.Next(Shares.Length)];
        int round = (int)Math.Ceiling(100 / percent);
        int chunkCount = random.Next(1, 300);
        MemoryDisk disk = new((chunkCount * Chunk) - random.Next(Chunk));
        Note note = new(chunkCount);
        AuditState state = AuditState.None with { CursorBytes = random.NextInt64(disk.VirtualSizeBytes) };
        for (int run = 0; run < 3 * round; run++)
        {
            Allocate(disk, chunkCount, random);
            state = Run(disk, percent, Changes(random, chunkCount), state, note);
            Assert.InRange(note.OldestAge, 0, round - 1);
            Assert.InRange(state.Dues.Count, 0, FormatLimits.AuditDueCountMax);
        }
    }

    /// <summary>While what is allocated stays as much, a run reads its share and no more, also where changes let the
    /// audit get ahead.</summary>
    [Property(MaxTest = 30)]
    public void An_exact_share_is_exact_while_as_much_is_allocated(int seed)
    {
        Random random = new(seed);
        double percent = Shares[random.Next(Shares.Length)];
        int chunkCount = random.Next(1, 300);
        MemoryDisk disk = new(chunkCount * Chunk);
        Allocate(disk, chunkCount, random);
        long allocated = AllocatedCount(disk, chunkCount);
        long share = (long)Math.Ceiling(allocated * percent / 100);
        AuditState state = AuditState.None;
        for (int run = 0; run < 250; run++)
        {
            List<ChunkRun> changed = random.Next(3) == 0 ? Changes(random, chunkCount) : [];
            AuditPlan plan = new AuditPlanner(disk, Chunk).Plan(percent, changed, state);
            long read = plan.Runs.Where(scan => scan is { IsAudit: true, IsGap: false }).Sum(scan => scan.Chunks.Count);
            Assert.True(read <= Math.Max(share, 1), $"run {run} reads {read} of {allocated} chunks");
            Assert.True(changed.Count > 0 || read == Math.Min(share, allocated));
            state = new AuditState(plan.CursorIndex * Chunk, 0, plan.Dues);
        }
    }

    [Property(MaxTest = 30)]
    public void What_a_run_says_of_its_horizon_comes_true(int seed)
    {
        Random random = new(seed);
        double? percent = random.Next(2) == 0 ? null : Shares[random.Next(Shares.Length)];
        int chunkCount = random.Next(1, 300);
        MemoryDisk disk = new(chunkCount * Chunk);
        Allocate(disk, chunkCount, random);
        Note note = new(chunkCount);
        AuditState state = AuditState.None with { ChunksNonZero = AllocatedCount(disk, chunkCount) };
        List<(long At, long By)> said = [];
        for (int run = 1; run <= 250; run++)
        {
            uint horizon = 0;
            state = Run(
                disk, percent, Changes(random, chunkCount), state, note, plan => horizon = plan.HorizonRunCount);
            said.Add((run, run + horizon));
            Assert.All(said.Where(word => word.By == run), word => Assert.True(note.OldestRun >= word.At));
        }

        Assert.Contains(said, word => word.By < 250);
    }

    /// <summary>On a disk whose tables take several runs to look through.</summary>
    [Theory]
    [InlineData(null, 400)]
    [InlineData(20.0, 1000)]
    public void The_horizon_counts_the_runs_to_walk_over_a_large_table(double? percent, int step)
    {
        const int ChunkSizeBytes = 64 << 10;
        const long SizeBytes = 1L << 40;
        const long ChunkCount = SizeBytes / ChunkSizeBytes;
        AuditPlan PlanOf(AuditState state) =>
            new AuditPlanner(new CostlyDisk(SizeBytes, 1 << 20, 8, block => block % step == 0), ChunkSizeBytes)
                .Plan(percent, [], state);
        AuditState state = AuditState.None with { ChunksNonZero = ChunkCount / step };
        AuditPlan first = PlanOf(state);
        long passed = first.PassedCount;
        long runs = 0;
        for (AuditPlan plan = first; passed < ChunkCount; runs++)
        {
            state = state with { CursorBytes = plan.CursorIndex * ChunkSizeBytes, Dues = plan.Dues };
            plan = PlanOf(state);
            passed += plan.PassedCount;
        }

        Assert.InRange(runs, 2, first.HorizonRunCount);
    }

    [Fact]
    public void Where_nothing_is_audited_there_is_no_horizon_and_what_is_due_stays_due()
    {
        MemoryDisk disk = Content.RandomDisk(20 * Chunk, 1);
        AuditPlanner planner = new(disk, Chunk);
        AuditPlan ten = planner.Plan(10, [], AuditState.None);
        Assert.Equal(9u, ten.HorizonRunCount);
        AuditState state = new(ten.CursorIndex * Chunk, 20, ten.Dues);
        AuditPlan none = planner.Plan(0, [], state);
        Assert.Equal((DiskAudit.Never, ten.CursorIndex), (none.HorizonRunCount, none.CursorIndex));
        Assert.Equal(ten.Dues, none.Dues);
        Assert.Equal(0u, planner.Plan(100, [], state).HorizonRunCount);
        Assert.Empty(planner.Plan(100, [], state).Dues);
    }

    /// <summary>What is due stands in the restore point in at most a hundred places, and never later than it was.
    /// </summary>
    [Fact]
    public void A_small_share_of_a_thousand_runs_is_kept_with_a_hundred_dues()
    {
        const int ChunkCount = 1500;
        MemoryDisk disk = new(ChunkCount * Chunk);
        disk.Change(0, ChunkCount * Chunk, 1);
        Note note = new(ChunkCount);
        AuditState state = AuditState.None;
        for (int run = 0; run < 1500; run++)
        {
            if (run is 500 or 900)
            {
                disk.Discard((run - 400) * Chunk, 300 * Chunk);
                disk.Change((run + 200) * Chunk, 300 * Chunk, run);
            }

            state = Run(disk, 0.1, [], state, note);
            Assert.InRange(note.OldestAge, 0, 999);
            Assert.InRange(state.Dues.Count, 1, FormatLimits.AuditDueCountMax);
        }
    }

    private static AuditState Run(
        MemoryDisk disk, double? percent, List<ChunkRun> changed, AuditState state, Note note,
        Action<AuditPlan>? see = null)
    {
        AuditPlan plan = new AuditPlanner(disk, Chunk).Plan(percent, changed, state);
        note.Add(plan.Runs);
        see?.Invoke(plan);
        return state with { CursorBytes = plan.CursorIndex * Chunk, Dues = plan.Dues };
    }

    private static void Allocate(MemoryDisk disk, int chunkCount, Random random)
    {
        int count = random.Next(1, chunkCount + 1);
        int first = random.Next(chunkCount - count + 1);
        long start = (long)first * Chunk;
        long length = Math.Min((long)count * Chunk, disk.VirtualSizeBytes - start);
        switch (random.Next(6))
        {
            case 0:
                disk.Discard(start, length / (1 + random.Next(3)));
                break;
            case 1 or 2:
                disk.Write(start, new byte[length]);
                break;
            default:
                break;
        }
    }

    private static long AllocatedCount(MemoryDisk disk, int chunkCount) => Enumerable.Range(0, chunkCount)
        .Count(index => AllocatedChunks.RangesOf(disk, index, index + 1, Chunk).Any());

    private static List<ChunkRun> Changes(Random random, int chunkCount)
    {
        List<ChunkRun> changed = [];
        int index = random.Next(0, chunkCount);
        while (index < chunkCount && changed.Count < 5)
        {
            int count = Math.Min(random.Next(1, 1 + (chunkCount / 4)), chunkCount - index);
            if (count > 0)
            {
                changed.Add(new ChunkRun(index, count));
            }

            index += count + random.Next(1, 1 + chunkCount);
        }

        return changed;
    }

    /// <summary>In which run each chunk was last read or held against the parent; the full was run 0.</summary>
    private sealed class Note(int chunkCount)
    {
        private readonly int[] seenIn = new int[chunkCount];
        private int run;

        public int OldestRun => seenIn.Min();

        public int OldestAge => run - OldestRun;

        public void Add(IEnumerable<ScanRun> runs)
        {
            run++;
            foreach (ScanRun scan in runs)
            {
                seenIn.AsSpan((int)scan.Chunks.FirstIndex, (int)scan.Chunks.Count).Fill(run);
            }
        }
    }
}
