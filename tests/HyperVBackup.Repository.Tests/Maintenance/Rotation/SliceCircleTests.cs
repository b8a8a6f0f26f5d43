using FsCheck.Xunit;
using HyperVBackup.Format;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Rotation;
using HyperVBackup.Repository.Maintenance.Rotation;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maintenance.Rotation;

/// <summary>Slices against a circle of sixteen positions that are noted one by one.</summary>
public static class SliceCircleTests
{
    private const int Size = 16;

    [Property(MaxTest = 200)]
    public static void Each_position_has_the_run_that_read_it_last(int seed)
    {
        Random random = new(seed);
        (List<VerifiedSlice> slices, uint[] runs) = Random(random, 0);
        Check(slices, runs);
        (List<VerifiedSlice> others, uint[] otherRuns) = Random(random, 3);
        List<VerifiedSlice> merged = SliceCircle.Merge(slices, others);
        Check(merged, [.. runs.Zip(otherRuns, Math.Max)]);
        Assert.Equal(merged, SliceCircle.Merge(others, slices));
    }

    [Fact]
    public static void Too_many_slices_are_joined_and_none_looks_younger_for_it()
    {
        List<VerifiedSlice> slices = [VerifiedSlice.Never];
        for (uint run = 1; run <= 3000; run++)
        {
            // In turn from the highest: every second position is never read.
            slices = SliceCircle.Set(slices, 2 * (3000 - run), (2 * (3000 - run)) + 1, run, DateTimeOffset.UnixEpoch);
            Assert.InRange(slices.Count, 1, FormatLimits.VerifiedSliceCountMax);
        }

        for (ulong position = 0; position < 6000; position++)
        {
            uint read = position % 2 == 0 ? 3000 - (uint)(position / 2) : 0;
            Assert.InRange(SliceCircle.At(slices, position).Run, 0u, read);
        }
    }

    [Fact]
    public static void Of_two_runs_at_once_a_session_that_one_did_not_see_counts_as_seen_after_both()
    {
        SessionId[] sessions =
        [
            .. Enumerable.Range(1, 3).Select(number => new SessionId([.. Enumerable.Repeat((byte)number, 16)])),
        ];
        VerifiedNote one = new()
        {
            Run = 5, DoneShare = 7, StructureRun = 5,
            Sessions = [new SeenSession(sessions[0], 2), new SeenSession(sessions[1], 5)],
        };
        VerifiedNote other = one with
        {
            DoneShare = 3, Cursor = 9, StructureRun = 4,
            Sessions = [new SeenSession(sessions[0], 2), new SeenSession(sessions[2], 5)],
        };
        VerifiedNote merged = NoteMerge.Of([other, one]);
        Assert.Equal((6u, 5u, 7u, 0ul), (merged.Run, merged.StructureRun, merged.DoneShare, merged.Cursor));
        Assert.Equal([2u, 6u, 6u], merged.Sessions.Select(seen => seen.Run));
        Assert.Same(one, NoteMerge.Of([one]));
        Assert.Equal(0u, NoteMerge.Of([]).Run);
    }

    private static (List<VerifiedSlice> Slices, uint[] Runs) Random(Random random, uint firstRun)
    {
        List<VerifiedSlice> slices = [VerifiedSlice.Never];
        uint[] runs = new uint[Size];
        for (uint run = firstRun + 1; run <= firstRun + 6; run++)
        {
            (int start, int end) = (random.Next(Size), random.Next(Size));
            slices = SliceCircle.Set(
                slices, Position(start), Position(end), run, DateTimeOffset.UnixEpoch.AddDays(run));
            int count = start == end ? Size : (end - start + Size) % Size;
            for (int step = 0; step < count; step++)
            {
                runs[(start + step) % Size] = run;
            }
        }

        return (slices, runs);
    }

    private static ulong Position(int number) => (ulong)number << 60;

    private static void Check(List<VerifiedSlice> slices, uint[] runs)
    {
        for (int number = 0; number < Size; number++)
        {
            Assert.Equal(runs[number], SliceCircle.At(slices, Position(number)).Run);
            Assert.Equal(runs[number], SliceCircle.At(slices, Position(number) + 12345).Run);
        }

        VerifiedNote note = new() { Run = 100, Slices = slices };
        Assert.Equal(slices, VerifiedNote.Read(note.Write()).Slices);
    }
}
