namespace HyperVBackup.Disks.Changes;

/// <summary>
/// Takes ranges in any order and makes <see cref="ChangedRanges"/> of them. Not thread-safe; used once. Memory is 16
/// bytes for each range of the result, and up to three times that while the buffer grows: 10 million scattered ranges
/// stay within 400 MiB. Ranges that come in ascending order are merged on the way.
/// </summary>
public sealed class ChangedRangesBuilder
{
    private const int InitialCapacity = 256;

    private ByteRange[] buffer = new ByteRange[InitialCapacity];
    private int count;
    private bool isNormal = true;

    /// <summary>Adds a range, both numbers in bytes. An empty one is left out.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A number is negative.</exception>
    /// <exception cref="OverflowException">The range ends beyond <see cref="long.MaxValue"/>.</exception>
    public void Add(long offsetBytes, long lengthBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offsetBytes);
        ArgumentOutOfRangeException.ThrowIfNegative(lengthBytes);
        if (lengthBytes == 0)
        {
            return;
        }
        var range = new ByteRange(offsetBytes, lengthBytes);
        if (count > 0 && TryMerge(buffer[count - 1], range, out ByteRange merged))
        {
            buffer[count - 1] = merged;
            return;
        }
        if (count == buffer.Length)
        {
            MakeRoom();
        }
        isNormal &= count == 0 || range.StartBytes > buffer[count - 1].EndBytes;
        buffer[count++] = range;
    }

    /// <summary>The normal form of all that was added.</summary>
    public ChangedRanges Build()
    {
        Normalise();
        return new ChangedRanges(buffer.AsMemory(0, count));
    }

    /// <summary>Whether the normal form has more ranges than this.</summary>
    public bool HasMoreThan(int rangeCount) => !HasAtMost(rangeCount);

    /// <summary>Whether the normal form has no more ranges than this.</summary>
    internal bool HasAtMost(int rangeCount)
    {
        if (count > rangeCount)
        {
            Normalise();
        }
        return count <= rangeCount;
    }

    private static bool TryMerge(ByteRange last, ByteRange next, out ByteRange merged)
    {
        bool touches = next.StartBytes >= last.StartBytes && next.StartBytes <= last.EndBytes;
        long endBytes = Math.Max(last.EndBytes, next.EndBytes);
        merged = touches ? new ByteRange(last.StartBytes, endBytes - last.StartBytes) : default;
        return touches;
    }

    /// <summary>Merging first lets many overlapping ranges pass through a buffer of the result's size. Growing unless
    /// half is free then keeps the sorts few.</summary>
    private void MakeRoom()
    {
        Normalise();
        if (count > buffer.Length / 2)
        {
            ByteRange[] larger = GC.AllocateUninitializedArray<ByteRange>(buffer.Length * 2);
            buffer.AsSpan(0, count).CopyTo(larger);
            buffer = larger;
        }
    }

    private void Normalise()
    {
        if (isNormal)
        {
            return;
        }
        Span<ByteRange> filled = buffer.AsSpan(0, count);
        filled.Sort(default(ByStart));
        int kept = 0;
        foreach (ByteRange range in filled[1..])
        {
            if (TryMerge(filled[kept], range, out ByteRange merged))
            {
                filled[kept] = merged;
            }
            else
            {
                filled[++kept] = range;
            }
        }
        count = kept + 1;
        isNormal = true;
    }

    private readonly struct ByStart : IComparer<ByteRange>
    {
        public int Compare(ByteRange x, ByteRange y) => x.StartBytes.CompareTo(y.StartBytes);
    }
}
