using System.Threading.Channels;
using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;
using HyperVBackup.Operations.Backup;
using Xunit;

namespace HyperVBackup.Operations.Tests;

/// <summary>Audited chunks that the image no longer holds at all.</summary>
public sealed class AuditedGapTests
{
    private const int ChunkSizeBytes = 64 << 10;

    [Fact]
    public async Task Chunks_that_were_never_written_are_compared_one_by_one_when_audited()
    {
        Channel<ChunkBatch> free = Channel.CreateUnbounded<ChunkBatch>();
        Channel<ChunkBatch> output = Channel.CreateUnbounded<ChunkBatch>();
        for (int made = 0; made < 8; made++)
        {
            free.Writer.TryWrite(new ChunkBatch(ChunkSizeBytes, chunkCountMax: 2));
        }

        DiskScan scan = new(new UnwrittenDisk(), ChunkSizeBytes, hasParent: true, free.Reader, output.Writer);
        await scan.RunAsync([new ScanRun(new ChunkRun(3, 5), IsAudit: true)], CancellationToken.None);

        List<long> audited = [];
        await foreach (ChunkBatch batch in output.Reader.ReadAllAsync())
        {
            Assert.Equal(batch.Gap.Start, batch.Gap.End);
            audited.AddRange(batch.Indexes.Take(batch.Count));
            Assert.All(batch.IsAudit.Take(batch.Count), Assert.True);
        }

        Assert.Equal([3, 4, 5, 6, 7], audited);
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
