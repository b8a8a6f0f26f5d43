using System.Threading.Channels;
using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;
using HyperVBackup.Format.Maps;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Repository.Maps;
using Xunit;

namespace HyperVBackup.Operations.Tests;

/// <summary>Audited chunks that the image no longer holds at all.</summary>
public sealed class AuditedGapTests
{
    private const int ChunkSizeBytes = 64 << 10;

    [Fact]
    public async Task Chunks_that_were_never_written_stay_audited_few_one_by_one_and_many_as_a_gap()
    {
        using FreeBatches free = new(countMax: 8, () => new ChunkBatch(ChunkSizeBytes, chunkCountMax: 4));
        Channel<ChunkBatch> output = Channel.CreateUnbounded<ChunkBatch>();
        ReadLimit unlimited = new(TimeProvider.System, null);
        UnwrittenDisk disk = new();
        DiskMapReader parent = new(DiskMap.Empty(ChunkSizeBytes, disk.VirtualSizeBytes), nodes: null!);
        DiskScan scan = new(disk, ChunkSizeBytes, parent, unlimited, free, output.Writer);
        await scan.RunAsync(
            [],
            [new(new(0, 2), IsAudit: true), new(new(3, 5), IsAudit: true), new(new(9, 6), IsAudit: false)],
            CancellationToken.None);

        List<ChunkBatch> batches = [];
        await foreach (ChunkBatch batch in output.Reader.ReadAllAsync())
        {
            batches.AddRange(batch.Count > 0 || batch.Gap.End > 0 ? [batch] : []);
        }

        Assert.Equal(3, batches.Count);
        Assert.Equal([0L, 1], batches[0].Indexes.Take(batches[0].Count));
        Assert.All(batches[0].IsAudit.Take(2), Assert.True);
        Assert.Equal((0, (3L, 8L), true), (batches[1].Count, batches[1].Gap, batches[1].IsGapAudit));
        Assert.Equal((0, (9L, 15L), false), (batches[2].Count, batches[2].Gap, batches[2].IsGapAudit));
    }

    private sealed class UnwrittenDisk : IDisk
    {
        public string Description => "unwritten";

        public string? Identity => null;

        public long VirtualSizeBytes => 16 * ChunkSizeBytes;

        public int LogicalSectorSizeBytes => 512;

        public int PhysicalSectorSizeBytes => 4096;

        public void Read(long offsetBytes, Span<byte> buffer) => throw new NotSupportedException();

        public IEnumerable<ByteRange> AllocatedRanges(ByteRange range) => [];

        public void Dispose()
        {
        }
    }
}
