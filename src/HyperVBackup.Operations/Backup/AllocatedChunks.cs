using HyperVBackup.Disks;

namespace HyperVBackup.Operations.Backup;

/// <summary>A disk's allocated ranges, seen as chunks.</summary>
internal static class AllocatedChunks
{
    /// <summary>How many chunks that many bytes take.</summary>
    public static long CountOf(long sizeBytes, int chunkSizeBytes) =>
        (sizeBytes / chunkSizeBytes) + (sizeBytes % chunkSizeBytes == 0 ? 0 : 1);

    /// <summary>Counts the chunks that hold anything allocated, on the way from a chunk over the end of the disk back
    /// to it, as far as one may look.</summary>
    /// <param name="distances">How far along the way to count, ascending; the last is the whole way.</param>
    /// <param name="seenCount">How many chunks of the disk were looked at.</param>
    /// <returns>The count for each distance, those at smaller ones included.</returns>
    public static long[] CountAround(
        IDisk disk, int chunkSizeBytes, AuditReach reach, long startIndex, IReadOnlyList<long> distances,
        out long seenCount)
    {
        AllocatedWalk walk = new(disk, chunkSizeBytes, reach);
        long chunkCount = CountOf(disk.VirtualSizeBytes, chunkSizeBytes);
        long[] counts = new long[distances.Count];
        long count = 0;
        long before = 0;
        seenCount = 0;
        for (int number = 0; number < counts.Length; number++)
        {
            (long from, long to) = (startIndex + before, startIndex + distances[number]);
            count += Count(walk, Math.Min(from, chunkCount), Math.Min(to, chunkCount), chunkSizeBytes, ref seenCount);
            count += Count(
                walk, Math.Max(from, chunkCount) - chunkCount, Math.Max(to, chunkCount) - chunkCount, chunkSizeBytes,
                ref seenCount);
            counts[number] = count;
            before = distances[number];
        }

        return counts;
    }

    /// <summary>The allocated ranges within some chunks, which may be none.</summary>
    public static IEnumerable<ByteRange> RangesOf(IDisk disk, long startIndex, long endIndex, int chunkSizeBytes)
    {
        long startBytes = startIndex * chunkSizeBytes;
        long endBytes = Math.Min(endIndex * chunkSizeBytes, disk.VirtualSizeBytes);
        return startBytes < endBytes ? disk.AllocatedRanges(new ByteRange(startBytes, endBytes - startBytes)) : [];
    }

    private static long Count(
        AllocatedWalk walk, long startIndex, long endIndex, int chunkSizeBytes, ref long seenCount)
    {
        long count = 0;
        long index = startIndex;
        foreach (ByteRange range in walk.Over(startIndex, endIndex))
        {
            long end = CountOf(range.EndBytes, chunkSizeBytes);
            count += Math.Max(0, end - Math.Max(index, range.StartBytes / chunkSizeBytes));
            index = Math.Max(index, end);
        }

        seenCount += walk.EndIndex - startIndex;
        return count;
    }
}
