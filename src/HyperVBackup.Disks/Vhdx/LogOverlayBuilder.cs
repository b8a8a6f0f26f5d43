namespace HyperVBackup.Disks.Vhdx;

/// <summary>Collects what the entries of a log change, in their order, and works out what stands in the end.</summary>
internal sealed class LogOverlayBuilder(VhdxFile file, VhdxHeader header)
{
    /// <summary>The log changes nothing before the region tables.</summary>
    private const ulong FirstOffsetBytes = RegionTable.FirstAt;

    private readonly Dictionary<long, (int Order, byte[] Page)> pages = [];
    private readonly List<(ByteRange Range, int Order)> zeros = [];
    private int order;
    private long fileLengthBytesMin;

    /// <exception cref="DiskImageException">The entry says what cannot be.</exception>
    public void Add(LogRing ring, LogEntry entry)
    {
        int dataAt = entry.DataAtBytes;
        for (int index = 0; index < entry.DescriptorCount; index++)
        {
            LogDescriptor descriptor = entry.Descriptor(ring, index);
            long endBytes = RequirePlace(entry, descriptor);
            fileLengthBytesMin = Math.Max(fileLengthBytesMin, endBytes);
            if (descriptor.IsData)
            {
                byte[] page = LogDataSector.Page(ring.Sector(entry.AtBytes, dataAt), descriptor);
                pages[(long)descriptor.OffsetBytes] = (order++, page);
                dataAt += LogRing.SectorSizeBytes;
            }
            else if (descriptor.LeadingBytesOrLength > 0)
            {
                ByteRange range = new((long)descriptor.OffsetBytes, (long)descriptor.LeadingBytesOrLength);
                zeros.Add((range, order++));
            }
        }
    }

    /// <param name="last">The last entry added.</param>
    /// <exception cref="DiskImageException">The file is shorter than it was when that entry was written.</exception>
    public LogOverlay Build(LogEntry last)
    {
        RequireLengths(last);
        zeros.Sort((left, right) => left.Range.StartBytes.CompareTo(right.Range.StartBytes));
        return new LogOverlay(StandingPages(), MergedZeros(), fileLengthBytesMin);
    }

    /// <summary>The pages no later range of zeros covers: a sweep that keeps the ranges begun so far, youngest first.
    /// </summary>
    private SortedDictionary<long, byte[]> StandingPages()
    {
        SortedDictionary<long, byte[]> standing = [];
        PriorityQueue<(long EndBytes, int Order), int> begun = new();
        int next = 0;
        foreach ((long offsetBytes, (int pageOrder, byte[] page)) in pages.OrderBy(page => page.Key))
        {
            for (; next < zeros.Count && zeros[next].Range.StartBytes <= offsetBytes; next++)
            {
                begun.Enqueue((zeros[next].Range.EndBytes, zeros[next].Order), -zeros[next].Order);
            }
            while (begun.TryPeek(out (long EndBytes, int Order) over, out _) && over.EndBytes <= offsetBytes)
            {
                begun.Dequeue();
            }
            if (!begun.TryPeek(out (long EndBytes, int Order) youngest, out _) || youngest.Order < pageOrder)
            {
                standing.Add(offsetBytes, page);
            }
        }
        return standing;
    }

    private List<ByteRange> MergedZeros()
    {
        List<ByteRange> merged = [];
        foreach ((ByteRange range, _) in zeros)
        {
            if (merged.Count > 0 && range.StartBytes <= merged[^1].EndBytes)
            {
                long end = Math.Max(merged[^1].EndBytes, range.EndBytes);
                merged[^1] = new ByteRange(merged[^1].StartBytes, end - merged[^1].StartBytes);
            }
            else
            {
                merged.Add(range);
            }
        }
        return merged;
    }

    private void RequireLengths(LogEntry entry)
    {
        if (entry.FlushedFileLengthBytes > (ulong)file.LengthBytes)
        {
            throw Damage(entry, $"was written when the file had {entry.FlushedFileLengthBytes} bytes, "
                + $"but it is cut off and ends at {file.LengthBytes}");
        }
        if (entry.LastFileLengthBytes > VhdxLimits.FileLengthBytesMax)
        {
            throw Damage(entry, $"makes the file {entry.LastFileLengthBytes} bytes long, longer than any VHDX");
        }
        fileLengthBytesMin = Math.Max(fileLengthBytesMin, (long)entry.LastFileLengthBytes);
    }

    /// <returns>Where the change ends.</returns>
    private long RequirePlace(LogEntry entry, LogDescriptor descriptor)
    {
        ulong lengthBytes = descriptor.IsData ? LogOverlay.PageSizeBytes : descriptor.LeadingBytesOrLength;
        ulong logEndBytes = header.LogOffsetBytes + header.LogLengthBytes;
        bool isInFile = descriptor.OffsetBytes >= FirstOffsetBytes
            && lengthBytes <= (ulong)VhdxLimits.FileLengthBytesMax
            && descriptor.OffsetBytes <= (ulong)VhdxLimits.FileLengthBytesMax - lengthBytes;
        if (!isInFile || descriptor.OffsetBytes % LogOverlay.PageSizeBytes != 0
            || lengthBytes % LogOverlay.PageSizeBytes != 0
            || (descriptor.OffsetBytes < logEndBytes && header.LogOffsetBytes < descriptor.OffsetBytes + lengthBytes))
        {
            throw Damage(entry, $"changes {lengthBytes} bytes at {descriptor.OffsetBytes}, where it must not");
        }
        return (long)(descriptor.OffsetBytes + lengthBytes);
    }

    private DiskImageException Damage(LogEntry entry, string what) =>
        file.Damage("log entry", (long)header.LogOffsetBytes + entry.AtBytes, what);
}
