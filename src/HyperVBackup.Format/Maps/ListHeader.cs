using System.Buffers.Binary;

namespace HyperVBackup.Format.Maps;

/// <summary>The first 8 bytes of every list record's body, as in repo-format/lists.md.</summary>
/// <param name="SegmentKind">In a head, the kind of the segments; in all others zero.</param>
internal readonly record struct ListHeader(ListKind Kind, ListKind SegmentKind, int EntryCount)
{
    public const int KindAt = 0;
    public const int SegmentKindAt = KindAt + sizeof(byte);
    public const int ReservedAt = SegmentKindAt + sizeof(byte);
    public const int EntryCountAt = ReservedAt + sizeof(ushort);
    public const int SizeBytes = EntryCountAt + sizeof(uint);

    public void WriteTo(Span<byte> output)
    {
        output[KindAt] = (byte)Kind;
        output[SegmentKindAt] = (byte)SegmentKind;
        BinaryPrimitives.WriteUInt16LittleEndian(output[ReservedAt..], 0);
        BinaryPrimitives.WriteUInt32LittleEndian(output[EntryCountAt..], (uint)EntryCount);
    }

    /// <summary>Reads a header of that kind with 1 to <paramref name="entryCountMax"/> entries.</summary>
    public static ListHeader Read(ref BodyReader body, ListKind kind, int entryCountMax)
    {
        ListKind stored = (ListKind)body.Byte("kind");
        body.Require(stored == kind, $"kind is {stored}, expected {kind}");
        ListKind segmentKind = (ListKind)body.Byte("kind of the segments");
        body.Require(
            kind == ListKind.Head ? IsSegmented(segmentKind) : segmentKind == 0, "kind of the segments");
        body.Require(body.UInt16("reserved") == 0, "reserved");
        uint entryCount = body.UInt32("entry count");
        body.Require(entryCount > 0 && entryCount <= entryCountMax, "entry count");
        return new ListHeader(kind, segmentKind, (int)entryCount);
    }

    /// <summary>True for the kinds whose entries are cut into segments under a head.</summary>
    public static bool IsSegmented(ListKind kind) =>
        kind is ListKind.Changes or ListKind.ReportedRanges or ListKind.AuditedRanges;
}
