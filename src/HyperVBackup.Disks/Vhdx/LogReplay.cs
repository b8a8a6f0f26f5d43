namespace HyperVBackup.Disks.Vhdx;

/// <summary>
/// Finds what a log still has to bring into the file. Entries stand in a ring, each numbered one above the last; the
/// youngest run of whole entries that holds its own tail is the one that counts, and a torn entry ends a run. A log
/// with an id but no whole entry is empty: the writer died before its first entry was whole, and changed nothing. Whole
/// entries that no run explains are damage.
/// </summary>
internal static class LogReplay
{
    /// <exception cref="DiskImageException">The log cannot be read, is of another version or too long, or says what
    /// cannot be.</exception>
    public static LogOverlay Read(VhdxFile file, VhdxHeader header)
    {
        if (header.LogId == Guid.Empty)
        {
            return LogOverlay.Empty;
        }
        long logAt = (long)header.LogOffsetBytes;
        if (header.LogVersion != 0)
        {
            throw file.Damage("log", logAt, $"has version {header.LogVersion}, which is not read");
        }
        if (header.LogLengthBytes > VhdxLimits.LogLengthBytesMax)
        {
            throw file.Damage("log", logAt, $"has {header.LogLengthBytes} bytes, more than are replayed");
        }
        LogRing ring = new(file.ReadStructure("log", logAt, (int)header.LogLengthBytes));
        LogOverlayBuilder builder = new(file, header);
        SortedDictionary<ulong, LogEntry> whole = WholeEntries(ring, header.LogId);
        if (whole.Count == 0)
        {
            return LogOverlay.Empty;
        }
        List<LogEntry> run = ActiveRun(ring, whole.Values)
            ?? throw file.Damage("log", logAt, "holds whole entries, but not all that belong with them");
        foreach (LogEntry entry in run)
        {
            builder.Add(ring, entry);
        }
        return builder.Build(run[^1]);
    }

    private static SortedDictionary<ulong, LogEntry> WholeEntries(LogRing ring, Guid logId)
    {
        SortedDictionary<ulong, LogEntry> bySequence = [];
        for (int at = 0; at < ring.LengthBytes; at += LogRing.SectorSizeBytes)
        {
            if (LogEntry.TryRead(ring, at, logId) is { } entry)
            {
                bySequence[entry.SequenceNumber] = entry;
            }
        }
        return bySequence;
    }

    private static List<LogEntry>? ActiveRun(LogRing ring, IEnumerable<LogEntry> ascending)
    {
        List<LogEntry>? best = null;
        List<LogEntry> run = [];
        foreach (LogEntry entry in ascending)
        {
            if (run.Count > 0 && !entry.Follows(run[^1], ring))
            {
                best = Reaching(run) ?? best;
                run = [];
            }
            run.Add(entry);
        }
        return Reaching(run) ?? best;
    }

    /// <summary>The run from its tail on, or null where the last entry's tail is none of its entries.</summary>
    private static List<LogEntry>? Reaching(List<LogEntry> run)
    {
        int tail = run.FindIndex(entry => entry.AtBytes == run[^1].TailBytes);
        return tail < 0 ? null : run[tail..];
    }
}
