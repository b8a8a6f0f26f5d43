using HyperVBackup.Disks;

namespace HyperVBackup.Operations.Tests.Kit;

/// <summary>A disk that says of each block, in order and for some bytes of metadata a block, whether it holds it; its
/// data is not for reading.</summary>
internal sealed class CostlyDisk(long sizeBytes, int blockSizeBytes, int bytesPerBlock, Func<long, bool> holds) : IDisk
{
    public string Description => "costly";

    public string? Identity => null;

    public long VirtualSizeBytes => sizeBytes;

    public int LogicalSectorSizeBytes => 512;

    public int PhysicalSectorSizeBytes => 4096;

    public long MetadataBytesRead { get; private set; }

    public long BlockCount => sizeBytes / blockSizeBytes;

    public void Read(long offsetBytes, Span<byte> buffer) => throw new NotSupportedException();

    public IEnumerable<ByteRange> AllocatedRanges(ByteRange range)
    {
        for (long at = range.StartBytes; at < range.EndBytes;)
        {
            long block = at / blockSizeBytes;
            long end = Math.Min(range.EndBytes, (block + 1) * blockSizeBytes);
            MetadataBytesRead += bytesPerBlock;
            if (holds(block))
            {
                yield return new ByteRange(at, end - at);
            }

            at = end;
        }
    }

    public void Dispose()
    {
    }
}
