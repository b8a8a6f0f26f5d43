using FsCheck;
using FsCheck.Xunit;
using HyperVBackup.Disks.Changes;
using Xunit;

namespace HyperVBackup.Disks.Tests.Changes;

public sealed class ChangedRangesTests
{
    private const int ModelBytes = 2000;

    [Property(MaxTest = 300)]
    public void Ranges_in_any_order_cover_the_bytes_of_a_model_in_normal_form((ushort Offset, byte Length)[] given)
    {
        bool[] model = new bool[ModelBytes];
        List<(long, long)> ranges = [];
        foreach ((ushort rawOffset, byte rawLength) in given)
        {
            int offset = rawOffset * 977 % (ModelBytes - byte.MaxValue);
            int length = rawLength % 40;
            ranges.Add((offset, length));
            model.AsSpan(offset, length).Fill(true);
        }

        ChangedRanges built = ChangedRanges.Build(ranges);

        Assert.Equal(RunsOf(model), built.Ranges.ToArray().Select(r => (r.StartBytes, r.EndBytes)));
        Assert.Equal(model.Count(changed => changed), built.TotalBytes);
        Assert.Equal(Array.LastIndexOf(model, true) + 1, built.EndBytes);
    }

    [Property(MaxTest = 300)]
    public void Chunk_runs_are_the_chunks_that_hold_a_changed_byte(
        (ushort Offset, byte Length)[] given, PositiveInt size)
    {
        int chunkSizeBytes = (size.Get % 100) + 1;
        bool[] model = new bool[(ModelBytes / chunkSizeBytes) + 1];
        List<(long, long)> ranges = [];
        foreach ((ushort rawOffset, byte rawLength) in given)
        {
            int offset = rawOffset * 977 % (ModelBytes - byte.MaxValue);
            ranges.Add((offset, rawLength));
            for (int at = offset; at < offset + rawLength; at++)
            {
                model[at / chunkSizeBytes] = true;
            }
        }

        IEnumerable<ChunkRun> runs = ChangedRanges.Build(ranges).ToChunkRuns(chunkSizeBytes);

        Assert.Equal(RunsOf(model), runs.Select(r => (r.FirstIndex, r.EndIndex)));
    }

    [Fact]
    public void Nothing_gives_no_range_and_no_run()
    {
        ChangedRanges built = ChangedRanges.Build([(0, 0), (500, 0)]);

        Assert.Equal(0, built.Count);
        Assert.Equal(0, built.EndBytes);
        Assert.Empty(built.ToChunkRuns(65536));
        Assert.Empty(ChangedRanges.Empty.ToChunkRuns(65536));
    }

    [Fact]
    public void The_far_end_of_the_largest_disk_is_in_the_last_chunk()
    {
        ChunkRun run = Assert.Single(ChangedRanges.Build([(long.MaxValue - 1, 1)]).ToChunkRuns(65536));

        Assert.Equal(new ChunkRun((long.MaxValue - 2) / 65536, 1), run);
    }

    [Theory]
    [InlineData(-1, 1)]
    [InlineData(0, -1)]
    public void A_negative_number_is_the_callers_mistake(long offsetBytes, long lengthBytes) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => ChangedRanges.Build([(offsetBytes, lengthBytes)]));

    [Fact]
    public void A_range_beyond_every_disk_is_the_callers_mistake() =>
        Assert.Throws<OverflowException>(() => ChangedRanges.Build([(long.MaxValue, 1)]));

    [Fact]
    public void A_million_ranges_over_few_places_take_the_memory_of_the_places()
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        var builder = new ChangedRangesBuilder();
        for (int i = 0; i < 1_000_000; i++)
        {
            builder.Add((i * 7919L % 1000) * 8192, 4096);
        }

        Assert.Equal(1000, builder.Build().Count);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1024 * 1024);
    }

    private static List<(long Start, long End)> RunsOf(bool[] model)
    {
        List<(long Start, long End)> runs = [];
        for (int at = 0; at < model.Length; at++)
        {
            if (!model[at])
            {
                continue;
            }
            int start = at;
            while (at < model.Length && model[at])
            {
                at++;
            }
            runs.Add((start, at));
        }
        return runs;
    }
}
