using FsCheck.Xunit;
using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Rotation;
using HyperVBackup.Repository.Maintenance.Rotation;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maintenance.Rotation;

/// <summary>Which packs a run reads, and where the next one goes on.</summary>
public static class RotationPlanTests
{
    /// <summary>However packs come meanwhile, runs are stopped and begun again, and wherever the rotation begins.
    /// </summary>
    [Property(MaxTest = 300)]
    public static void Runs_whose_percentages_make_a_hundred_read_all_that_stood_when_the_rotation_began(int seed)
    {
        Random random = new(seed);
        ulong start = (ulong)random.NextInt64();
        VerifiedNote note = new() { Run = 1, Start = start, Cursor = start };
        List<RotationPack> packs = [.. Enumerable.Range(0, random.Next(1, 60)).Select(_ => NewPack(random))];
        HashSet<RotationPack> wanted = [.. packs];
        int runCount = random.Next(1, 12);
        for (int run = 0; run < runCount; run++)
        {
            double percent = 100.0 / runCount;
            bool isStopped = random.Next(4) == 0;
            RotationPlan plan = new(note, packs, percent);
            int count = isStopped ? random.Next(plan.Count + 1) : plan.Count;
            Read(plan, count, wanted);
            uint doneBefore = note.DoneShare;
            note = Note(note, plan.After(count));
            if (isStopped && count < plan.Count)
            {
                // What was read counts: the rest of this run's share is read by the next one.
                double rest = percent - (100.0 * (note.DoneShare - doneBefore) / VerifiedNote.WholeShare);
                RotationPlan other = new(note, packs, rest);
                Read(other, other.Count, wanted);
                note = Note(note, other.After(other.Count));
            }

            packs.AddRange(Enumerable.Range(0, random.Next(10)).Select(_ => NewPack(random)));
        }

        Assert.Empty(wanted);
    }

    [Property(MaxTest = 200)]
    public static void Runs_read_their_share_of_the_bytes_to_the_nearest_pack(int seed)
    {
        Random random = new(seed);
        RotationPack[] packs = [.. Enumerable.Range(0, random.Next(1, 60)).Select(_ => NewPack(random))];
        ulong start = (ulong)random.NextInt64();
        VerifiedNote note = new() { Run = 1, Start = start, Cursor = start };
        double percent = 1 + (random.NextDouble() * 30);
        double totalBytes = packs.Sum(pack => pack.LengthBytes);
        double readBytes = 0;
        for (int run = 1; run * percent < 100; run++)
        {
            RotationPlan plan = new(note, packs, percent);
            readBytes += plan.LengthBytes;
            note = Note(note, plan.After(plan.Count));
            double wantedBytes = totalBytes * run * percent / 100;
            Assert.InRange(Math.Abs(readBytes - wantedBytes), 0, packs.Max(pack => pack.LengthBytes) / 2.0);
        }
    }

    [Property(MaxTest = 200)]
    public static void All_reads_every_pack_once_from_the_cursor_on_wherever_it_is_stopped(int seed)
    {
        Random random = new(seed);
        RotationPack[] packs = [.. Enumerable.Range(0, random.Next(1, 40)).Select(_ => NewPack(random))];
        VerifiedNote note = new() { Run = 1, Start = (ulong)random.NextInt64(), Cursor = (ulong)random.NextInt64() };
        RotationPlan plan = new(note, packs, 100);
        PackName[] order = [.. Enumerable.Range(0, plan.Count).Select(index => plan[index])];
        Assert.Equal(packs.Length, order.Distinct().Count());
        ulong[] distances =
            [.. order.Select(name => unchecked(VerifiedNote.PositionOf(name) - note.Cursor))];
        Assert.Equal(distances.Order(), distances);
        int stop = random.Next(plan.Count);
        Assert.False(plan.After(stop).IsAllRead);
        Assert.True(plan.After(plan.Count).IsAllRead);
        RotationPlan rest = new(Note(note, plan.After(stop)), packs, 100);
        Assert.Equal(order[stop], rest[0]);
    }

    [Fact]
    public static void Of_nothing_all_is_read()
    {
        RotationPlan plan = new(VerifiedNote.None, [], 100);
        Assert.Equal((0, 0, false), (plan.Count, plan.LengthBytes, plan.After(0).IsAllRead));
    }

    private static void Read(RotationPlan plan, int count, HashSet<RotationPack> wanted)
    {
        for (int index = 0; index < count; index++)
        {
            wanted.RemoveWhere(pack => pack.Name == plan[index]);
        }
    }

    private static VerifiedNote Note(VerifiedNote note, RotationState state) =>
        note with { Cursor = state.Cursor, DoneShare = state.DoneShare };

    private static RotationPack NewPack(Random random)
    {
        byte[] session = new byte[SessionId.SizeBytes];
        random.NextBytes(session);
        PackName name = new(PackKind.Chunks, new SessionId(session), (uint)random.Next(5));
        return RotationPack.Of(name, random.Next(1, 1000));
    }
}
