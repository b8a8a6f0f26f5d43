using System.Buffers.Binary;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Packs;

namespace HyperVBackup.Format.Maps;

/// <summary>The head of a list, as in repo-format/lists.md: its segments, in the order of their first keys.</summary>
public static class ListHead
{
    internal const int SegmentIdAt = 0;
    internal const int FirstKeyAt = SegmentIdAt + Digest.SizeBytes;
    internal const int EntryCountAt = FirstKeyAt + sizeof(ulong);
    internal const int PlaceAt = EntryCountAt + sizeof(uint);
    internal const int ReservedAt = PlaceAt + StoredPlace.SizeBytes;
    internal const int SegmentSizeBytes = ReservedAt + sizeof(uint);
    private const string What = "list head";

    /// <param name="kind">Of the segments: changes, reported or audited ranges.</param>
    /// <param name="segments">1 to 200,000, with ascending first keys.</param>
    /// <returns>The plain body of a list record.</returns>
    /// <exception cref="ArgumentException">A segment that cannot be read back, or a kind without segments.</exception>
    public static byte[] Write(ListKind kind, ReadOnlySpan<ListSegment> segments)
    {
        RequireKind(kind);
        ArgumentOutOfRangeException.ThrowIfZero(segments.Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(segments.Length, FormatLimits.ListSegmentCountMax);
        byte[] plain = new byte[ListHeader.SizeBytes + (segments.Length * SegmentSizeBytes)];
        new ListHeader(ListKind.Head, kind, segments.Length).WriteTo(plain);
        long previousKey = -1;
        for (int index = 0; index < segments.Length; index++)
        {
            ListSegment segment = segments[index];
            if (!IsAfter(segment, kind, previousKey))
            {
                throw new ArgumentException($"{segment} is no segment, or out of order.", nameof(segments));
            }

            Write(segment, plain.AsSpan(ListHeader.SizeBytes + (index * SegmentSizeBytes)));
            previousKey = segment.FirstKey;
        }

        return plain;
    }

    /// <exception cref="CorruptDataException">Breaks a rule of repo-format/lists.md.</exception>
    public static ListSegment[] Read(ListKind kind, ReadOnlySpan<byte> plain)
    {
        RequireKind(kind);
        BodyReader body = new(plain, What);
        ListHeader header = ListHeader.Read(ref body, ListKind.Head, FormatLimits.ListSegmentCountMax);
        body.Require(header.SegmentKind == kind, $"its segments are {header.SegmentKind}, expected {kind}");
        body.Require(plain.Length == ListHeader.SizeBytes + (header.EntryCount * SegmentSizeBytes), "length");
        ListSegment[] segments = new ListSegment[header.EntryCount];
        long previousKey = -1;
        for (int index = 0; index < segments.Length; index++)
        {
            segments[index] = Read(ref body);
            body.Require(IsAfter(segments[index], kind, previousKey), "a segment makes no sense or is out of order");
            previousKey = segments[index].FirstKey;
        }

        body.RequireEnd();
        return segments;
    }

    /// <summary>Whether a list record's plain body is a head's.</summary>
    public static bool IsHead(ReadOnlySpan<byte> plain) =>
        plain.Length >= ListHeader.SizeBytes && plain[ListHeader.KindAt] == (byte)ListKind.Head;

    /// <summary>Reads a head whose segments are of whatever kind it says.</summary>
    /// <exception cref="CorruptDataException">Breaks a rule of repo-format/lists.md.</exception>
    public static ListSegment[] Read(ReadOnlySpan<byte> plain)
    {
        Corrupt.Unless(IsHead(plain), "list head: kind");
        ListKind kind = (ListKind)plain[ListHeader.SegmentKindAt];
        Corrupt.Unless(ListHeader.IsSegmented(kind), "list head: kind of the segments");
        return Read(kind, plain);
    }

    private static void Write(in ListSegment segment, Span<byte> output)
    {
        segment.Id.Value.WriteTo(output);
        BinaryPrimitives.WriteUInt64LittleEndian(output[FirstKeyAt..], (ulong)segment.FirstKey);
        BinaryPrimitives.WriteUInt32LittleEndian(output[EntryCountAt..], (uint)segment.EntryCount);
        StoredPlace.Write(segment.Place, PackKind.Maps, output[PlaceAt..]);
    }

    private static ListSegment Read(ref BodyReader body)
    {
        ListId id = new(body.Digest("segment id"));
        long firstKey = body.Count("first key");
        uint entryCount = body.UInt32("entries of a segment");
        body.Require(entryCount <= FormatLimits.ListSegmentEntryCountMax, "entries of a segment");
        RecordPlace place = StoredPlace.Read(body.Bytes(StoredPlace.SizeBytes, "place"), PackKind.Maps);
        body.Require(body.UInt32("reserved") == 0, "reserved");
        return new ListSegment(id, firstKey, (int)entryCount, place);
    }

    private static bool IsAfter(in ListSegment segment, ListKind kind, long previousKey) =>
        !segment.Id.IsZero
        && segment.FirstKey > previousKey
        && segment.FirstKey
            < (kind == ListKind.Changes ? FormatLimits.ChunkCountMax : FormatLimits.VirtualSizeMaxBytes)
        && segment.EntryCount is > 0 and <= FormatLimits.ListSegmentEntryCountMax;

    private static void RequireKind(ListKind kind)
    {
        if (!ListHeader.IsSegmented(kind))
        {
            throw new ArgumentException($"Lists of {kind} have no head.", nameof(kind));
        }
    }
}
