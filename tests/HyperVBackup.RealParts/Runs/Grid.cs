namespace HyperVBackup.RealParts.Runs;

/// <summary>What ranges come to on the grid of a repository.</summary>
internal static class Grid
{
    /// <summary>The bytes of all chunks that any of the ranges touches.</summary>
    public static long RoundedBytes(
        IEnumerable<(long OffsetBytes, long LengthBytes)> ranges, long virtualSizeBytes, int chunkSizeBytes = 64 << 10)
    {
        HashSet<long> chunks = [];
        foreach ((long offsetBytes, long lengthBytes) in ranges)
        {
            long last = (offsetBytes + lengthBytes - 1) / chunkSizeBytes;
            for (long chunk = offsetBytes / chunkSizeBytes; chunk <= last; chunk++)
            {
                chunks.Add(chunk);
            }
        }

        return chunks.Sum(chunk => Math.Min(chunkSizeBytes, virtualSizeBytes - (chunk * chunkSizeBytes)));
    }
}
