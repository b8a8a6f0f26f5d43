using HyperVBackup.Disks.Changes;
using Xunit;

namespace HyperVBackup.Disks.Tests.Changes;

/// <summary>Two million ranges are 80 MB of text; their normal form is 32 MB.</summary>
public sealed class LargeRangesFileTests
{
    private const int RangeCount = 2_000_000;
    private const long AllocatedBytesMax = 80L * 1024 * 1024;

    public static TheoryData<string> Orders => ["ascending", "scattered"];

    [Theory]
    [MemberData(nameof(Orders))]
    public void Two_million_ranges_are_read_in_memory_of_their_normal_form(string order)
    {
        using var stream = new GeneratedRangesStream(RangeCount, index => 8192 * PlaceOf(order, index));
        long before = GC.GetAllocatedBytesForCurrentThread();

        RangesFile file = RangesFile.Read(stream);

        long allocatedBytes = GC.GetAllocatedBytesForCurrentThread() - before;
        ChangedRanges ranges = Assert.IsType<DiskChanges.Known>(file.Changes).Ranges;
        Assert.Equal(RangeCount, ranges.Count);
        Assert.Equal(4096L * RangeCount, ranges.TotalBytes);
        Assert.Equal((8192L * (RangeCount - 1)) + 4096, file.ReachBytes);
        Assert.Equal(RangeCount, ranges.ToChunkRuns(4096).Count());
        Assert.InRange(allocatedBytes, 16L * RangeCount, AllocatedBytesMax);
    }

    private static long PlaceOf(string order, int index) => order switch
    {
        "ascending" => index,
        _ => index * 7919L % RangeCount,
    };
}
