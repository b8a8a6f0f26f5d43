namespace HyperVBackup.Disks.Changes;

/// <summary>
/// Byte ranges of a disk in normal form: ascending, none empty, none overlapping or touching another. Immutable and
/// thread-safe. Takes 16 bytes of memory for each range.
/// </summary>
public sealed class ChangedRanges
{
    private readonly ReadOnlyMemory<ByteRange> ranges;

    internal ChangedRanges(ReadOnlyMemory<ByteRange> ranges) => this.ranges = ranges;

    /// <summary>Nothing changed.</summary>
    public static ChangedRanges Empty { get; } = new(ReadOnlyMemory<ByteRange>.Empty);

    public int Count => ranges.Length;

    /// <summary>End of the last range in bytes; 0 when there is none.</summary>
    public long EndBytes => ranges.IsEmpty ? 0 : ranges.Span[^1].EndBytes;

    /// <summary>Sum of all lengths in bytes.</summary>
    public long TotalBytes
    {
        get
        {
            long total = 0;
            foreach (ByteRange range in ranges.Span)
            {
                total += range.LengthBytes;
            }
            return total;
        }
    }

    /// <summary>The ranges, ascending.</summary>
    public ReadOnlyMemory<ByteRange> Ranges => ranges;

    /// <summary>Normalises ranges given in any order, overlapping or empty, both numbers in bytes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A number is negative.</exception>
    /// <exception cref="OverflowException">A range ends beyond <see cref="long.MaxValue"/>.</exception>
    public static ChangedRanges Build(IEnumerable<(long OffsetBytes, long LengthBytes)> ranges)
    {
        ArgumentNullException.ThrowIfNull(ranges);
        var builder = new ChangedRangesBuilder();
        foreach ((long offsetBytes, long lengthBytes) in ranges)
        {
            builder.Add(offsetBytes, lengthBytes);
        }
        return builder.Build();
    }

    /// <summary>
    /// The chunks that the ranges touch, as runs: ascending, none overlapping or touching another. Found while they
    /// are enumerated, in constant memory.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The size is not positive.</exception>
    public IEnumerable<ChunkRun> ToChunkRuns(int chunkSizeBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(chunkSizeBytes);
        return EnumerateChunkRuns(chunkSizeBytes);
    }

    private IEnumerable<ChunkRun> EnumerateChunkRuns(int chunkSizeBytes)
    {
        long first = 0;
        long end = 0;
        for (int i = 0; i < ranges.Length; i++)
        {
            ByteRange range = ranges.Span[i];
            long rangeFirst = range.StartBytes / chunkSizeBytes;
            long rangeEnd = ((range.EndBytes - 1) / chunkSizeBytes) + 1;
            if (end > first && rangeFirst > end)
            {
                yield return new ChunkRun(first, end - first);
            }
            if (end == first || rangeFirst > end)
            {
                first = rangeFirst;
            }
            end = rangeEnd;
        }
        if (end > first)
        {
            yield return new ChunkRun(first, end - first);
        }
    }
}
