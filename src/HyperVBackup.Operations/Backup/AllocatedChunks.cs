using HyperVBackup.Disks;

namespace HyperVBackup.Operations.Backup;

/// <summary>A disk's allocated ranges, seen as chunks.</summary>
internal static class AllocatedChunks
{
    /// <summary>How many chunks that many bytes take.</summary>
    public static long CountOf(long sizeBytes, int chunkSizeBytes) =>
        (sizeBytes / chunkSizeBytes) + (sizeBytes % chunkSizeBytes == 0 ? 0 : 1);

    /// <summary>Counts the chunks that hold anything allocated, among the first ones of the disk.</summary>
    public static long Count(IDisk disk, int chunkSizeBytes, long walkCountMax)
    {
        long count = 0;
        long index = 0;
        long walkCount = Math.Min(walkCountMax, CountOf(disk.VirtualSizeBytes, chunkSizeBytes));
        foreach (ByteRange range in RangesOf(disk, 0, walkCount, chunkSizeBytes))
        {
            long end = CountOf(range.EndBytes, chunkSizeBytes);
            count += Math.Max(0, end - Math.Max(index, range.StartBytes / chunkSizeBytes));
            index = Math.Max(index, end);
        }

        return count;
    }

    /// <summary>The allocated ranges within some chunks, which may be none.</summary>
    public static IEnumerable<ByteRange> RangesOf(IDisk disk, long startIndex, long endIndex, int chunkSizeBytes)
    {
        long startBytes = startIndex * chunkSizeBytes;
        long endBytes = Math.Min(endIndex * chunkSizeBytes, disk.VirtualSizeBytes);
        return startBytes < endBytes ? disk.AllocatedRanges(new ByteRange(startBytes, endBytes - startBytes)) : [];
    }
}
