using HyperVBackup.Disks;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Tests.Kit;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Operations.Tests.Backup;

/// <summary>A guest can make its raw disk look like an image of another content; it cannot make it be taken for one.
/// </summary>
public sealed class RawBeforeTests
{
    private const int SizeBytes = 20 * Bench.ChunkSizeBytes;
    private readonly MemoryDisk raw = Content.RandomDisk(SizeBytes, 1);
    private readonly MemoryDisk image = Content.RandomDisk(SizeBytes / 4, 1, "an identity");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_disk_that_was_raw_is_taken_for_an_image_only_if_somebody_says_so(bool full)
    {
        Bench bench = await Bench.MakeAsync(new MemoryStore(), 1);
        await BackUpAsync(bench, raw, full);
        TestSource source = new(image);
        DiskImageException refusal = await Assert.ThrowsAsync<DiskImageException>(() =>
            BackUpAsync(bench, source, full));
        Assert.Contains("was raw when it was backed up last", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(["Open", "Abandon", "Dispose"], source.Steps);
        Assert.Single(await bench.PointsAsync());

        BackupReport report = await BackUpAsync(bench, new TestSource(image), full, mayGainIdentity: true);
        Assert.Equal("an identity", report.Point.Disks[0].Identity);
        Assert.Equal(image.Bytes, await bench.ReadAsync(report.Point.Id, "disk"));
    }

    [Fact]
    public async Task An_identity_that_the_disk_once_had_does_not_do_either()
    {
        Bench bench = await Bench.MakeAsync(new MemoryStore(), 1);
        await BackUpAsync(bench, image, full: false);
        await BackUpAsync(bench, raw, full: false);
        await Assert.ThrowsAsync<DiskImageException>(() => BackUpAsync(bench, image, full: false));
    }

    [Fact]
    public async Task A_disk_of_more_than_64_TiB_is_refused_in_a_sentence()
    {
        Bench bench = await Bench.MakeAsync(new MemoryStore(), 1);
        TestSource source = new(new EndlessDisk((64L << 40) + 512));
        DiskImageException refusal = await Assert.ThrowsAsync<DiskImageException>(() =>
            BackUpAsync(bench, source, full: false));
        Assert.Contains("64 TiB", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(["Open", "Abandon", "Dispose"], source.Steps);
        Assert.Empty(await bench.PointsAsync());
    }

    private static Task<BackupReport> BackUpAsync(Bench bench, MemoryDisk disk, bool full) =>
        BackUpAsync(bench, new TestSource(disk.Snapshot()), full);

    private static Task<BackupReport> BackUpAsync(
        Bench bench, TestSource source, bool full, bool mayGainIdentity = false) =>
        bench.BackupAsync(new BackupRequest
        {
            VmName = Bench.Vm,
            Full = full,
            Disks = [new DiskRequest("disk", source) { MayGainIdentity = mayGainIdentity }],
        });

    /// <summary>Zeros.</summary>
    private sealed class EndlessDisk(long sizeBytes) : IDisk
    {
        public string Description => "endless";

        public string? Identity => null;

        public long VirtualSizeBytes => sizeBytes;

        public int LogicalSectorSizeBytes => 512;

        public int PhysicalSectorSizeBytes => 512;

        public void Read(long offsetBytes, Span<byte> buffer) => buffer.Clear();

        public IEnumerable<ByteRange> AllocatedRanges(ByteRange range) => [];

        public void Dispose()
        {
        }
    }
}
