using HyperVBackup.Format.Maps;

namespace HyperVBackup.Repository.Maps;

/// <summary>Collects chunks, ascending, as ranges of the disk: all are counted, the first are kept.</summary>
internal sealed class DifferentChunks(DiskMap map, int rangeCountMax)
{
    private readonly List<ListedRange> ranges = [];
    private long nextChunkIndex = -1;

    public IReadOnlyList<ListedRange> Ranges => ranges;

    public long RangeCount { get; private set; }

    public long ChunkCount { get; private set; }

    public void Add(long chunkIndex)
    {
        long startBytes = chunkIndex * map.ChunkSizeBytes;
        long endBytes = chunkIndex == map.ChunkCount - 1 ? map.VirtualSizeBytes : startBytes + map.ChunkSizeBytes;
        bool isNext = chunkIndex == nextChunkIndex;
        RangeCount += isNext ? 0 : 1;
        ChunkCount++;
        nextChunkIndex = chunkIndex + 1;
        if (RangeCount > rangeCountMax)
        {
            return;
        }

        if (isNext)
        {
            ranges[^1] = ranges[^1] with { LengthBytes = endBytes - ranges[^1].StartBytes };
        }
        else
        {
            ranges.Add(new ListedRange(startBytes, endBytes - startBytes));
        }
    }
}
