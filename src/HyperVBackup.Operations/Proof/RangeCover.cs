namespace HyperVBackup.Operations.Proof;

/// <summary>Which bytes of a disk are covered. Memory follows the count of separate ranges. Not thread-safe.</summary>
internal sealed class RangeCover
{
    private List<(long StartBytes, long EndBytes)> ranges = [];

    public long TotalBytes { get; private set; }

    /// <param name="added">Ascending and disjoint; may touch, and overlap what is covered.</param>
    public void Add(IReadOnlyList<(long StartBytes, long EndBytes)> added)
    {
        List<(long StartBytes, long EndBytes)> merged = new(ranges.Count + added.Count);
        int old = 0;
        int next = 0;
        TotalBytes = 0;
        while (old < ranges.Count || next < added.Count)
        {
            bool isOld = next == added.Count
                || (old < ranges.Count && ranges[old].StartBytes <= added[next].StartBytes);
            (long start, long end) = isOld ? ranges[old++] : added[next++];
            if (merged.Count > 0 && merged[^1].EndBytes >= start)
            {
                long grown = Math.Max(0, end - merged[^1].EndBytes);
                merged[^1] = (merged[^1].StartBytes, merged[^1].EndBytes + grown);
                TotalBytes += grown;
            }
            else
            {
                merged.Add((start, end));
                TotalBytes += end - start;
            }
        }

        ranges = merged;
    }
}
