using FsCheck.Xunit;
using HyperVBackup.Disks.Changes;
using Xunit;

namespace HyperVBackup.Disks.Tests.Changes;

/// <summary>Answers in pieces become one answer, or none.</summary>
public sealed class PagedChangesTests
{
    private const long Size = 1 << 20;
    private const ulong All = 1 << 20;

    [Fact]
    public void It_is_asked_again_from_where_the_answer_ended()
    {
        ScriptedTracker tracker = new()
        {
            Answer = (offset, length) => offset switch
            {
                0 => ScriptedTracker.Page(4096, (512, 512)),
                4096 => ScriptedTracker.Page(100_000, (8192, 10), (4096, 4096)),
                _ => ScriptedTracker.Page((ulong)length),
            },
        };
        Assert.Equal([new(512, 512), new ByteRange(4096, 4106)], Known(tracker));
        Assert.Equal([("s", 0, Size), ("s", 4096, Size - 4096), ("s", 104_096, Size - 104_096)], tracker.Asked);
    }

    /// <summary>Whatever granules, pieces, order, repetitions: at least what changed is told, and nothing that neither
    /// changed nor shares a granule with a change.</summary>
    [Property(MaxTest = 500)]
    public void Every_change_is_told_however_it_is_cut(int seed)
    {
        Random random = new(seed);
        bool[] changed = [.. Enumerable.Range(0, 256).Select(_ => random.Next(5) == 0)];
        ScriptedTracker tracker = new() { Answer = (offset, length) => Piece(random, changed, offset, length) };
        ByteRange[] told = Known(tracker);
        for (int granule = 0; granule < changed.Length; granule++)
        {
            long at = granule * 4096;
            Assert.Equal(changed[granule], told.Any(range => range.StartBytes <= at && range.EndBytes >= at + 4096));
            Assert.Equal(changed[granule], told.Any(range => range.StartBytes < at + 4096 && range.EndBytes > at));
        }
    }

    [Theory]
    [InlineData(0, 1, "gives no answer from byte 4096 on")]
    [InlineData(All - 4095, 0, "more than there are")]
    [InlineData(ulong.MaxValue, 0, "more than there are")]
    public void Neither_no_progress_nor_too_much_is_an_answer(ulong processed, int rangeCount, string reason)
    {
        ScriptedTracker tracker = new()
        {
            Answer = (offset, _) => offset == 0
                ? ScriptedTracker.Page(4096)
                : ScriptedTracker.Page(processed, [.. Enumerable.Repeat((8192UL, 512UL), rangeCount)]),
        };
        Assert.Contains(reason, Lost(tracker), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0UL, 512UL)] // counts from the start of the question
    [InlineData(4095UL, 8192UL)]
    [InlineData(8192UL, 1UL)] // beyond what it answers for
    [InlineData(All, 1UL)]
    [InlineData(ulong.MaxValue, 1UL)]
    [InlineData(4096UL, ulong.MaxValue)]
    [InlineData(4096UL, long.MaxValue - 4095UL)]
    public void A_range_elsewhere_than_asked_is_no_answer(ulong offset, ulong length)
    {
        ScriptedTracker tracker = new()
        {
            Answer = (at, _) => at == 4096
                ? ScriptedTracker.Page(4096, (4096, 512), (offset, length))
                : ScriptedTracker.Page(4096),
        };
        Assert.Contains($"tells of {length} bytes at {offset}", Lost(tracker), StringComparison.Ordinal);
    }

    [Fact]
    public void A_range_that_is_rounded_beyond_the_end_ends_there_and_an_empty_one_is_none()
    {
        ScriptedTracker tracker = new()
        {
            Answer = (_, _) => ScriptedTracker.Page(All, (All - 512, 1 << 20), (ulong.MaxValue, 0), (5, 0)),
        };
        Assert.Equal([new ByteRange(Size - 512, 512)], Known(tracker));
    }

    [Fact]
    public void Lists_of_unequal_lengths_are_no_answer()
    {
        ScriptedTracker tracker = new() { Answer = (_, _) => new ChangePage(All, new ulong[2], new ulong[1]) };
        Assert.Contains("2 offsets and 1 lengths", Lost(tracker), StringComparison.Ordinal);
    }

    [Fact]
    public void An_answer_about_another_disk_is_none()
    {
        foreach (TrackedState other in new TrackedState[] { new("x", Size, "now"), new(null, Size - 512, "now") })
        {
            ScriptedTracker tracker = Quiet(_ => other);
            Assert.Contains("disk", Lost(tracker), StringComparison.Ordinal);
            Assert.Empty(tracker.Asked);
        }
    }

    [Fact]
    public void A_tracker_that_begins_anew_while_it_is_asked_gives_no_answer()
    {
        foreach (TrackedState later in new TrackedState[]
            { new(null, Size, "other"), new(null, Size, null), new(null, Size * 2, "now"), new("x", Size, "now") })
        {
            ScriptedTracker tracker = Quiet(count => count == 0 ? new TrackedState(null, Size, "now") : later);
            Assert.Contains("began anew", Lost(tracker), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void What_it_says_later_decides_whether_an_id_of_its_is_recorded()
    {
        int failsAt = int.MaxValue;
        string id = "now";
        ScriptedTracker tracker = Quiet(count => count < failsAt
            ? new TrackedState(null, Size, id)
            : throw new DiskImageException("Gone."));
        PagedChanges changes = new(tracker, new MemoryDisk(Size));
        Assert.False(changes.IsUnmoved());
        Assert.IsType<DiskChanges.Known>(changes.Read("s"));
        Assert.True(changes.IsUnmoved());
        failsAt = tracker.LookCount;
        Assert.False(changes.IsUnmoved());
        (failsAt, id) = (int.MaxValue, "other");
        Assert.False(changes.IsUnmoved());
    }

    [Fact]
    public void A_tracker_that_never_says_in_which_state_it_is_is_not_believed()
    {
        ScriptedTracker tracker = Quiet(_ => new TrackedState(null, Size, null));
        Assert.Contains("does not say", Lost(tracker), StringComparison.Ordinal);
        PagedChanges changes = new(tracker, new MemoryDisk(Size));
        Assert.IsType<DiskChanges.Lost>(changes.Read("s"));
        Assert.False(changes.IsUnmoved());
    }

    [Fact]
    public void Of_a_tracker_that_always_speaks_of_another_disk_no_id_is_recorded()
    {
        PagedChanges changes = new(Quiet(_ => new TrackedState("x", Size, "now")), new MemoryDisk(Size));
        Assert.IsType<DiskChanges.Lost>(changes.Read("s"));
        Assert.False(changes.IsUnmoved());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void A_tracker_that_fails_gives_no_answer_and_its_reason_is_told(int failsAt)
    {
        int count = 0;
        T Next<T>(T value) => count++ == failsAt ? throw new DiskImageException("It is 0xC03A0029.") : value;
        ScriptedTracker tracker = new()
        {
            State = _ => Next(new TrackedState(null, Size, "now")),
            Answer = (_, length) => Next(ScriptedTracker.Page((ulong)length)),
        };
        Assert.Equal("the change tracker gives no answer: It is 0xC03A0029", Lost(tracker));
    }

    [Fact]
    public void Without_a_start_nothing_is_asked()
    {
        ScriptedTracker tracker = Quiet(_ => new TrackedState(null, Size, "now"));
        Assert.IsType<DiskChanges.Lost>(new PagedChanges(tracker, new MemoryDisk(Size)).Read(null));
        Assert.Empty(tracker.Asked);
    }

    [Fact]
    public void What_it_says_later_is_held_against_the_beginning_also_without_a_start()
    {
        ScriptedTracker tracker = Quiet(count => new TrackedState(null, Size, count == 0 ? "now" : "other"));
        PagedChanges changes = new(tracker, new MemoryDisk(Size));
        Assert.IsType<DiskChanges.Lost>(changes.Read(null));
        Assert.False(changes.IsUnmoved());
    }

    [Fact]
    public void A_tracker_that_trickles_is_not_asked_for_ever()
    {
        int asked = 0;
        ScriptedTracker tracker = new()
        {
            State = _ => new TrackedState(null, 1L << 46, "now"),
            Answer = (_, _) => ScriptedTracker.Page((ulong)(asked++ % 2) + 512),
        };
        PagedChanges changes = new(tracker, new MemoryDisk(1L << 46));
        Assert.Contains("pieces", Assert.IsType<DiskChanges.Lost>(changes.Read("s")).Reason, StringComparison.Ordinal);
        Assert.Equal(PagedChanges.PageCountMax, asked);
    }

    [Fact]
    public void Ten_million_ranges_are_known_and_no_more()
    {
        const long DiskSize = 64L << 40;
        const int PerPage = 100_000;
        ulong[] offsets = new ulong[PerPage];
        ulong[] lengths = new ulong[PerPage];
        lengths.AsSpan().Fill(4096);
        int left = PagedChanges.RangeCountMax;
        ScriptedTracker tracker = new()
        {
            State = _ => new TrackedState(null, DiskSize, "now"),
            Answer = (at, rest) =>
            {
                int count = Math.Min(left, PerPage);
                left -= count;
                for (int range = 0; range < count; range++)
                {
                    offsets[range] = (ulong)at + ((ulong)range * 65536);
                }

                ulong processed = left == 0 ? (ulong)rest : PerPage * 65536UL;
                return new ChangePage(processed, offsets.AsMemory(0, count), lengths.AsMemory(0, count));
            },
        };
        PagedChanges changes = new(tracker, new MemoryDisk(DiskSize));
        Assert.Equal(
            PagedChanges.RangeCountMax, Assert.IsType<DiskChanges.Known>(changes.Read("s")).Ranges.Count);
        left = PagedChanges.RangeCountMax + 1;
        Assert.Contains("ranges", Assert.IsType<DiskChanges.Lost>(changes.Read("s")).Reason, StringComparison.Ordinal);
    }

    private static ChangePage Piece(Random random, bool[] changed, long offset, long length)
    {
        long processed = Math.Min(length, random.Next(1, 64) * 4096L);
        List<(ulong, ulong)> ranges = [];
        for (long granule = offset / 4096; granule < (offset + processed) / 4096; granule++)
        {
            for (int times = changed[granule] ? random.Next(1, 3) : 0; times > 0; times--)
            {
                ranges.Insert(random.Next(ranges.Count + 1), ((ulong)granule * 4096, 4096));
            }
        }

        return ScriptedTracker.Page((ulong)processed, [.. ranges]);
    }

    private static ScriptedTracker Quiet(Func<int, TrackedState> state) =>
        new() { State = state, Answer = (_, length) => ScriptedTracker.Page((ulong)length) };

    private static ByteRange[] Known(ScriptedTracker tracker) =>
        Assert.IsType<DiskChanges.Known>(new PagedChanges(tracker, new MemoryDisk(Size)).Read("s"))
            .Ranges.Ranges.ToArray();

    private static string Lost(ScriptedTracker tracker) =>
        Assert.IsType<DiskChanges.Lost>(new PagedChanges(tracker, new MemoryDisk(Size)).Read("s")).Reason;
}
