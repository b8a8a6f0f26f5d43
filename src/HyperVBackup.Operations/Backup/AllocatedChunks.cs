using HyperVBackup.Disks;

namespace HyperVBackup.Operations.Backup;

/// <summary>A disk's allocated ranges, seen as chunks.</summary>
internal static class AllocatedChunks
{
    /// <summary>How many chunks that many bytes take.</summary>
    public static long CountOf(long sizeBytes, int chunkSizeBytes) =>
        (sizeBytes / chunkSizeBytes) + (sizeBytes % chunkSizeBytes == 0 ? 0 : 1);

    /// <summary>Counts the chunks that hold anything allocated, as far from the disk's start as one may look.</summary>
    /// <param name="isWhole">Whether that was all of the disk.</param>
    public static long Count(IDisk disk, int chunkSizeBytes, AuditReach reach, out bool isWhole)
    {
        AllocatedWalk walk = new(disk, chunkSizeBytes, reach);
        long chunkCount = CountOf(disk.VirtualSizeBytes, chunkSizeBytes);
        long count = 0;
        long index = 0;
        foreach (ByteRange range in walk.Over(0, chunkCount))
        {
            long end = CountOf(range.EndBytes, chunkSizeBytes);
            count += Math.Max(0, end - Math.Max(index, range.StartBytes / chunkSizeBytes));
            index = Math.Max(index, end);
        }

        isWhole = walk.EndIndex == chunkCount;
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
