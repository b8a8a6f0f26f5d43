namespace HyperVBackup.Disks.Vhdx;

/// <summary>What replaying a log changes in the file, kept in memory: pages of 4 KiB and ranges of zeros. A page
/// outranks a range. Immutable, thread-safe; no larger than the log.</summary>
internal sealed class LogOverlay
{
    public const int PageSizeBytes = 4096;

    private readonly long[] pageOffsetsBytes;
    private readonly byte[][] pages;
    private readonly ByteRange[] zeros;

    /// <param name="pages">By offset in the file, a multiple of 4 KiB; no later zeros cover them.</param>
    /// <param name="zeros">Ascending, disjoint.</param>
    public LogOverlay(SortedDictionary<long, byte[]> pages, IReadOnlyList<ByteRange> zeros, long fileLengthBytesMin)
    {
        pageOffsetsBytes = [.. pages.Keys];
        this.pages = [.. pages.Values];
        this.zeros = [.. zeros];
        FileLengthBytesMin = fileLengthBytesMin;
    }

    public static LogOverlay Empty { get; } = new([], [], 0);

    /// <summary>Replaying makes the file at least this long.</summary>
    public long FileLengthBytesMin { get; }

    public bool IsEmpty => pages.Length == 0 && zeros.Length == 0;

    /// <summary>Puts the replayed bytes over what was read from the file at <paramref name="offsetBytes"/>.</summary>
    public void Apply(long offsetBytes, Span<byte> bytes)
    {
        if (IsEmpty || bytes.IsEmpty)
        {
            return;
        }
        ApplyZeros(offsetBytes, bytes);
        ApplyPages(offsetBytes, bytes);
    }

    private void ApplyZeros(long offsetBytes, Span<byte> bytes)
    {
        for (int index = FirstZerosEndingAfter(offsetBytes); index < zeros.Length; index++)
        {
            long start = Math.Max(zeros[index].StartBytes, offsetBytes);
            long end = Math.Min(zeros[index].EndBytes, offsetBytes + bytes.Length);
            if (start >= end)
            {
                return;
            }
            bytes[(int)(start - offsetBytes)..(int)(end - offsetBytes)].Clear();
        }
    }

    private void ApplyPages(long offsetBytes, Span<byte> bytes)
    {
        int index = Array.BinarySearch(pageOffsetsBytes, offsetBytes - PageSizeBytes + 1);
        for (index = index < 0 ? ~index : index; index < pages.Length; index++)
        {
            long start = Math.Max(pageOffsetsBytes[index], offsetBytes);
            long end = Math.Min(pageOffsetsBytes[index] + PageSizeBytes, offsetBytes + bytes.Length);
            if (start >= end)
            {
                return;
            }
            ReadOnlySpan<byte> page = pages[index];
            int from = (int)(start - pageOffsetsBytes[index]);
            page.Slice(from, (int)(end - start)).CopyTo(bytes[(int)(start - offsetBytes)..]);
        }
    }

    private int FirstZerosEndingAfter(long offsetBytes)
    {
        (int low, int high) = (0, zeros.Length);
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = zeros[middle].EndBytes <= offsetBytes ? (middle + 1, high) : (low, middle);
        }
        return low;
    }
}
