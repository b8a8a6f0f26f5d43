namespace HyperVBackup.Storage;

/// <summary>Ranges of one blob with the bytes that stand there now; of ranges that overlap the latest counts.
/// Immutable.</summary>
internal sealed class MendedRanges
{
    private readonly List<(long OffsetBytes, byte[] Bytes)> ranges;

    private MendedRanges(List<(long OffsetBytes, byte[] Bytes)> ranges) => this.ranges = ranges;

    public static MendedRanges None { get; } = new([]);

    /// <summary>Where the last one ends; 0 where there is none.</summary>
    public long EndBytes => ranges.Select(EndOf).DefaultIfEmpty().Max();

    /// <summary>The same with one more, which is copied; what it covers is kept no longer.</summary>
    public MendedRanges With(long offsetBytes, ReadOnlyMemory<byte> bytes)
    {
        long endBytes = offsetBytes + bytes.Length;
        IEnumerable<(long OffsetBytes, byte[] Bytes)> left =
            ranges.Where(range => range.OffsetBytes < offsetBytes || EndOf(range) > endBytes);
        return new MendedRanges([.. left, (offsetBytes, bytes.ToArray())]);
    }

    /// <summary>The parts of <c>[offsetBytes, offsetBytes + lengthBytes)</c> that no range covers, counted from
    /// <paramref name="offsetBytes"/>, in order.</summary>
    public List<(int AtBytes, int LengthBytes)> GapsIn(long offsetBytes, int lengthBytes)
    {
        List<(int AtBytes, int LengthBytes)> gaps = [];
        long atBytes = offsetBytes;
        foreach ((long OffsetBytes, byte[] Bytes) range in
            Within(offsetBytes, offsetBytes + lengthBytes).OrderBy(range => range.OffsetBytes))
        {
            if (range.OffsetBytes > atBytes)
            {
                gaps.Add(((int)(atBytes - offsetBytes), (int)(range.OffsetBytes - atBytes)));
            }

            atBytes = Math.Max(atBytes, EndOf(range));
        }

        if (atBytes < offsetBytes + lengthBytes)
        {
            gaps.Add(((int)(atBytes - offsetBytes), (int)(offsetBytes + lengthBytes - atBytes)));
        }

        return gaps;
    }

    /// <summary>Writes what the ranges say over the bytes that are read at <paramref name="offsetBytes"/>.</summary>
    public void CopyTo(long offsetBytes, Span<byte> buffer)
    {
        foreach ((long atBytes, byte[] bytes) in Within(offsetBytes, offsetBytes + buffer.Length))
        {
            int from = (int)Math.Max(0, offsetBytes - atBytes);
            int to = (int)Math.Min(bytes.Length, offsetBytes + buffer.Length - atBytes);
            bytes.AsSpan(from..to).CopyTo(buffer[(int)(atBytes + from - offsetBytes)..]);
        }
    }

    private IEnumerable<(long OffsetBytes, byte[] Bytes)> Within(long startBytes, long endBytes) =>
        ranges.Where(range => range.OffsetBytes < endBytes && EndOf(range) > startBytes);

    private static long EndOf((long OffsetBytes, byte[] Bytes) range) => range.OffsetBytes + range.Bytes.Length;
}
