using HyperVBackup.Format.Limits;

namespace HyperVBackup.Format.Maps;

/// <summary>A segment of a list of ranges, as in repo-format/lists.md: ascending and disjoint.</summary>
public static class RangeListSegment
{
    internal const int RangeStartAt = 0;
    internal const int RangeLengthAt = RangeStartAt + sizeof(ulong);
    internal const int RangeSizeBytes = RangeLengthAt + sizeof(ulong);
    private const string What = "range list";

    /// <param name="kind">Reported or audited ranges.</param>
    /// <param name="ranges">1 to 25,000, ascending and disjoint; they may touch.</param>
    /// <returns>The plain body of a list record.</returns>
    /// <exception cref="ArgumentException">None, too many, not ascending, overlapping, or past any disk.</exception>
    public static byte[] Write(ListKind kind, ReadOnlySpan<ListedRange> ranges)
    {
        RequireKind(kind);
        ArgumentOutOfRangeException.ThrowIfZero(ranges.Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(ranges.Length, FormatLimits.ListSegmentEntryCountMax);
        BodyWriter body = new();
        new ListHeader(kind, default, ranges.Length).WriteTo(body.Reserve(ListHeader.SizeBytes));
        long previousEnd = 0;
        foreach (ListedRange range in ranges)
        {
            if (!IsAfter(range, previousEnd))
            {
                throw new ArgumentException($"{range} is empty, out of order or past the end.", nameof(ranges));
            }

            body.Count(range.StartBytes);
            body.Count(range.LengthBytes);
            previousEnd = range.EndBytes;
        }

        return body.ToArray();
    }

    /// <exception cref="CorruptDataException">Breaks a rule of repo-format/lists.md.</exception>
    public static ListedRange[] Read(ListKind kind, ReadOnlySpan<byte> plain)
    {
        RequireKind(kind);
        BodyReader body = new(plain, What);
        int count = ListHeader.Read(ref body, kind, FormatLimits.ListSegmentEntryCountMax).EntryCount;
        body.Require(plain.Length == ListHeader.SizeBytes + (count * RangeSizeBytes), "length");
        ListedRange[] ranges = new ListedRange[count];
        long previousEnd = 0;
        for (int index = 0; index < count; index++)
        {
            ranges[index] = new ListedRange(
                body.Count("start", FormatLimits.VirtualSizeMaxBytes),
                body.Count("length", FormatLimits.VirtualSizeMaxBytes));
            body.Require(IsAfter(ranges[index], previousEnd), "a range is empty, out of order or past the end");
            previousEnd = ranges[index].EndBytes;
        }

        body.RequireEnd();
        return ranges;
    }

    private static bool IsAfter(in ListedRange range, long previousEndBytes) =>
        range.StartBytes >= previousEndBytes
        && range.StartBytes <= FormatLimits.VirtualSizeMaxBytes
        && range.LengthBytes > 0
        && range.LengthBytes <= FormatLimits.VirtualSizeMaxBytes - range.StartBytes;

    private static void RequireKind(ListKind kind)
    {
        if (kind is not (ListKind.ReportedRanges or ListKind.AuditedRanges))
        {
            throw new ArgumentException($"{kind} is no list of ranges.", nameof(kind));
        }
    }
}
