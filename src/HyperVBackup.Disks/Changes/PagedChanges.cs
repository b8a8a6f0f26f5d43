namespace HyperVBackup.Disks.Changes;

/// <summary>
/// Asks a tracker for all that changed on one disk, piece by piece, and makes one answer of it: ranges, or why they are
/// not known. Ranges that are empty, unsorted, overlap, or reach beyond the part they answer for, as rounding makes
/// them, are put right; whatever else contradicts itself means that changes are lost. Used for one view. Not
/// thread-safe. Memory as of <see cref="ChangedRangesBuilder"/>.
/// </summary>
public sealed class PagedChanges(IChangeTracker tracker, IDisk disk)
{
    /// <summary>In more pieces than these no tracker answers that is to be believed.</summary>
    public const int PageCountMax = 1_000_000;

    /// <summary>Of more ranges than these, which take up to 400 MiB, the disk is rather read as a whole.</summary>
    public const int RangeCountMax = 10_000_000;

    private readonly TrackedState expected = new(disk.Identity, disk.VirtualSizeBytes, null);
    private TrackedState? first;
    private string? firstDoubt;

    /// <summary>Asks about the whole disk, once the view is of its moment and before it is read.</summary>
    /// <param name="since">The tracking id of the state that the changes start from; null where there is none.</param>
    public DiskChanges Read(string? since)
    {
        ChangedRangesBuilder ranges = new();
        try
        {
            string? doubt = Look() ?? ReadAll(since, ranges) ?? Look();
            return doubt is null ? new DiskChanges.Known(ranges.Build()) : new DiskChanges.Lost(doubt);
        }
        catch (DiskImageException failure)
        {
            return new DiskChanges.Lost($"the change tracker gives no answer: {failure.Message.TrimEnd('.')}");
        }
    }

    /// <summary>Whether the tracker still speaks of the disk and the state of which it spoke when changes were read. If
    /// not, or if it does not say, no tracking id of its may be recorded for what was read.</summary>
    public bool IsUnmoved()
    {
        try
        {
            return first is not null && Look() is null;
        }
        catch (DiskImageException)
        {
            return false;
        }
    }

    private string? Look()
    {
        TrackedState now = tracker.Look();
        if (first is not null)
        {
            return now == first ? firstDoubt : "the change tracker began anew, or turned to another disk, meanwhile";
        }

        first = now;
        firstDoubt = Doubt(first);
        return firstDoubt;
    }

    private string? Doubt(TrackedState state)
    {
        if (state.Id is null)
        {
            return "the change tracker does not say in which state it is";
        }

        if (state.Identity != expected.Identity)
        {
            return $"the change tracker speaks of another disk: {state.Identity ?? "one without identity"}";
        }

        return state.VirtualSizeBytes == expected.VirtualSizeBytes
            ? null
            : $"the change tracker speaks of a disk of {state.VirtualSizeBytes} bytes, and this one has "
                + $"{expected.VirtualSizeBytes}";
    }

    private string? ReadAll(string? since, ChangedRangesBuilder ranges)
    {
        if (since is null)
        {
            return "nothing says since when the change tracker is to tell";
        }

        long sizeBytes = expected.VirtualSizeBytes;
        long atBytes = 0;
        for (int page = 0; atBytes < sizeBytes; page++)
        {
            if (page == PageCountMax)
            {
                return $"the change tracker answers in more than {PageCountMax} pieces";
            }

            ChangePage answer = tracker.Ask(since, atBytes, sizeBytes - atBytes);
            if (Doubt(answer, atBytes) is string doubt)
            {
                return doubt;
            }

            long endBytes = atBytes + (long)answer.ProcessedBytes;
            if (Take(answer, atBytes, endBytes, ranges) is string wrong)
            {
                return wrong;
            }

            atBytes = endBytes;
        }

        return null;
    }

    private string? Doubt(ChangePage answer, long atBytes)
    {
        if (answer.ProcessedBytes == 0)
        {
            return $"the change tracker gives no answer from byte {atBytes} on";
        }

        if (answer.ProcessedBytes > (ulong)(expected.VirtualSizeBytes - atBytes))
        {
            return $"the change tracker answers about {answer.ProcessedBytes} bytes from byte {atBytes} on, more than "
                + "there are";
        }

        return answer.OffsetsBytes.Length == answer.LengthsBytes.Length
            ? null
            : $"the change tracker gives {answer.OffsetsBytes.Length} offsets and {answer.LengthsBytes.Length} lengths";
    }

    /// <summary>Offsets that count from anywhere but the start of the disk would be noticed by nothing else.</summary>
    private string? Take(ChangePage answer, long atBytes, long endBytes, ChangedRangesBuilder ranges)
    {
        ReadOnlySpan<ulong> offsets = answer.OffsetsBytes.Span;
        ReadOnlySpan<ulong> lengths = answer.LengthsBytes.Span;
        for (int position = 0; position < offsets.Length; position++)
        {
            (ulong offset, ulong length) = (offsets[position], lengths[position]);
            bool isInPart = offset >= (ulong)atBytes && offset < (ulong)endBytes;
            if (length != 0 && !(isInPart && length <= long.MaxValue - offset))
            {
                return $"the change tracker tells of {length} bytes at {offset} where it answers for those from "
                    + $"{atBytes} to {endBytes}";
            }

            if (length != 0)
            {
                long rangeEndBytes = Math.Min((long)(offset + length), expected.VirtualSizeBytes);
                ranges.Add((long)offset, rangeEndBytes - (long)offset);
            }
        }

        return ranges.HasAtMost(RangeCountMax)
            ? null
            : $"the change tracker tells of more than {RangeCountMax} ranges";
    }
}
