using System.Buffers.Binary;
using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Records;

namespace HyperVBackup.Format.Packs;

/// <summary>One line of a pack's table, as in repo-format/pack.md: where a record lies and what it is.</summary>
/// <param name="LengthBytes">Of the whole record, header included.</param>
/// <param name="StoredPageCount">The pages a chunk's record holds; 0 in map packs.</param>
/// <param name="PlainLengthBytes">Of the body before compression.</param>
/// <param name="Hook">The first eight bytes of the hash of a whole record's first page, by which a page that stands
/// somewhere else is found; 0 for deltas and in map packs.</param>
public readonly record struct PackEntry(
    Digest Id,
    uint OffsetBytes,
    uint LengthBytes,
    RecordType Type,
    Codec Codec,
    ushort StoredPageCount,
    uint PlainLengthBytes,
    ulong Hook = 0)
{
    internal const int IdAt = 0;
    internal const int OffsetAt = IdAt + Digest.SizeBytes;
    internal const int LengthAt = OffsetAt + sizeof(uint);
    internal const int TypeAt = LengthAt + sizeof(uint);
    internal const int CodecAt = TypeAt + sizeof(byte);
    internal const int StoredPageCountAt = CodecAt + sizeof(byte);
    internal const int PlainLengthAt = StoredPageCountAt + sizeof(ushort);
    internal const int HookAt = PlainLengthAt + sizeof(uint);
    public const int SizeBytes = HookAt + sizeof(ulong);

    /// <summary>The hook of a record whose first stored page has this hash.</summary>
    public static ulong HookOf(Digest pageHash) => pageHash.Prefix;

    /// <summary>The entry, without a hook, of a record that lies at <paramref name="offsetBytes"/> of its pack.
    /// </summary>
    public static PackEntry Of(in Record record, uint offsetBytes) => Of(record.Header, offsetBytes);

    /// <summary>The entry of a record just written, from its header alone; offset and hook are for the caller to set.
    /// </summary>
    /// <param name="record">Begins with the record's header; nothing behind it is looked at.</param>
    /// <exception cref="CorruptDataException">The header makes no sense.</exception>
    public static PackEntry Of(ReadOnlySpan<byte> record) => Of(RecordHeader.Read(record), offsetBytes: 0);

    /// <summary>True when the entry says what the record found at its offset is. The hook is not asked for: it follows
    /// from page hashes, against which <see cref="PackPages.CheckIds"/> holds it.</summary>
    public bool IsOf(in Record record) => Of(record, OffsetBytes) == this with { Hook = 0 };

    internal void WriteTo(Span<byte> output)
    {
        Id.WriteTo(output);
        BinaryPrimitives.WriteUInt32LittleEndian(output[OffsetAt..], OffsetBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(output[LengthAt..], LengthBytes);
        output[TypeAt] = (byte)Type;
        output[CodecAt] = (byte)Codec;
        BinaryPrimitives.WriteUInt16LittleEndian(output[StoredPageCountAt..], StoredPageCount);
        BinaryPrimitives.WriteUInt32LittleEndian(output[PlainLengthAt..], PlainLengthBytes);
        BinaryPrimitives.WriteUInt64BigEndian(output[HookAt..], Hook);
    }

    internal static PackEntry Read(ReadOnlySpan<byte> bytes) => new(
        new Digest(bytes[..Digest.SizeBytes]),
        BinaryPrimitives.ReadUInt32LittleEndian(bytes[OffsetAt..]),
        BinaryPrimitives.ReadUInt32LittleEndian(bytes[LengthAt..]),
        (RecordType)bytes[TypeAt],
        (Codec)bytes[CodecAt],
        BinaryPrimitives.ReadUInt16LittleEndian(bytes[StoredPageCountAt..]),
        BinaryPrimitives.ReadUInt32LittleEndian(bytes[PlainLengthAt..]),
        BinaryPrimitives.ReadUInt64BigEndian(bytes[HookAt..]));

    private static PackEntry Of(in RecordHeader header, uint offsetBytes) => new(
        header.Id,
        offsetBytes,
        (uint)header.TotalLengthBytes,
        header.Type,
        header.Codec,
        header.Type == RecordType.Whole ? (ushort)(header.PlainLengthBytes / FormatLimits.PageSizeBytes) : default,
        (uint)header.PlainLengthBytes);
}
