using HyperVBackup.Disks;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Tests.Kit;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Operations.Tests.Backup;

/// <summary>A view is of one moment.</summary>
public sealed class ViewSizeTests
{
    private const int Chunk = Bench.ChunkSizeBytes;

    [Theory]
    [InlineData(512)]
    [InlineData(40L * Chunk)]
    [InlineData(-512)]
    public async Task A_view_that_grows_or_shrinks_while_it_is_read_makes_no_point(long growthBytes)
    {
        Bench bench = await Bench.MakeAsync(new MemoryStore(), 1);
        TestSource source = new(new ResizingDisk(Content.RandomDisk(20 * Chunk, 1), growthBytes)) { Id = "t1" };
        DiskImageException failure = await Assert.ThrowsAsync<DiskImageException>(() =>
            bench.BackupAsync(new DiskRequest("disk", source)));
        Assert.Contains("while it was read", failure.Message, StringComparison.Ordinal);
        Assert.Equal(["Open", "Abandon", "Dispose"], source.Steps);
        Assert.Empty(await bench.PointsAsync());
    }
}
