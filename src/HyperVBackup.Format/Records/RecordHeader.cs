using System.Buffers.Binary;
using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Limits;

namespace HyperVBackup.Format.Records;

/// <summary>The fixed first bytes of every record, as in repo-format/record.md. The checksum covers all that
/// follows it in the record; this type reads and writes the rest.</summary>
internal readonly record struct RecordHeader(
    RecordType Type, Codec Codec, int PlainLengthBytes, int StoredLengthBytes, int ExtensionLengthBytes, Digest Id)
{
    public const int ChecksumAt = 0;
    public const int MagicAt = ChecksumAt + Checksum.SizeBytes;
    public const int TypeAt = MagicAt + sizeof(uint);
    public const int CodecAt = TypeAt + sizeof(byte);
    public const int FlagsAt = CodecAt + sizeof(byte);
    public const int PlainLengthAt = FlagsAt + sizeof(ushort);
    public const int StoredLengthAt = PlainLengthAt + sizeof(uint);
    public const int KeyIdAt = StoredLengthAt + sizeof(uint);
    public const int ExtensionLengthAt = KeyIdAt + sizeof(uint);
    public const int ReservedAt = ExtensionLengthAt + sizeof(ushort);
    public const int IdAt = ReservedAt + sizeof(ushort);
    public const int SizeBytes = IdAt + Digest.SizeBytes;

    public int TotalLengthBytes => SizeBytes + ExtensionLengthBytes + StoredLengthBytes;

    private static ReadOnlySpan<byte> Magic => "HVBR"u8;

    /// <summary>Completes a record whose extension and body already stand behind the header's place.</summary>
    public void Seal(Span<byte> record)
    {
        Span<byte> bytes = record[..TotalLengthBytes];
        Magic.CopyTo(bytes[MagicAt..]);
        bytes[TypeAt] = (byte)Type;
        bytes[CodecAt] = (byte)Codec;
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[FlagsAt..], 0);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[PlainLengthAt..], (uint)PlainLengthBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[StoredLengthAt..], (uint)StoredLengthBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[KeyIdAt..], 0);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[ExtensionLengthAt..], (ushort)ExtensionLengthBytes);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[ReservedAt..], 0);
        Id.WriteTo(bytes[IdAt..]);
        Checksum.Write(bytes[MagicAt..], bytes[ChecksumAt..]);
    }

    /// <summary>Reads a header and checks every field by itself; the checksum is the caller's.</summary>
    public static RecordHeader Read(ReadOnlySpan<byte> bytes)
    {
        Corrupt.Unless(bytes.Length >= SizeBytes, "record: length");
        Corrupt.Unless(bytes[MagicAt..].StartsWith(Magic), "record: magic");
        uint plainLength = BinaryPrimitives.ReadUInt32LittleEndian(bytes[PlainLengthAt..]);
        uint storedLength = BinaryPrimitives.ReadUInt32LittleEndian(bytes[StoredLengthAt..]);
        int extensionLength = BinaryPrimitives.ReadUInt16LittleEndian(bytes[ExtensionLengthAt..]);
        Corrupt.Unless(
            plainLength is > 0 and <= FormatLimits.RecordPlainLengthMaxBytes, "record: plain length");
        Corrupt.Unless(storedLength > 0 && storedLength <= plainLength, "record: stored length");
        Corrupt.Unless(
            extensionLength <= FormatLimits.RecordExtensionLengthMaxBytes, "record: extension length");
        RecordHeader header = new(
            (RecordType)bytes[TypeAt],
            (Codec)bytes[CodecAt],
            (int)plainLength,
            (int)storedLength,
            extensionLength,
            new Digest(bytes.Slice(IdAt, Digest.SizeBytes)));
        RequireReservedZero(bytes);
        header.RequireSense();
        return header;
    }

    /// <summary>True for the types whose content names them; the id of all others is zero.</summary>
    public static bool HasId(RecordType type) =>
        type is RecordType.Whole or RecordType.Delta or RecordType.Node or RecordType.List;

    private static void RequireReservedZero(ReadOnlySpan<byte> bytes)
    {
        Corrupt.Unless(BinaryPrimitives.ReadUInt16LittleEndian(bytes[FlagsAt..]) == 0, "record: flags");
        Corrupt.Unless(BinaryPrimitives.ReadUInt32LittleEndian(bytes[KeyIdAt..]) == 0, "record: key id");
        Corrupt.Unless(BinaryPrimitives.ReadUInt16LittleEndian(bytes[ReservedAt..]) == 0, "record: reserved");
    }

    private void RequireSense()
    {
        Corrupt.Unless(Enum.IsDefined(Type), "record: type");
        Corrupt.Unless(Enum.IsDefined(Codec), "record: codec");
        Corrupt.Unless(
            Codec == Codec.None || Type is not (RecordType.Node or RecordType.Delta),
            "record: a node or recipe is never compressed");
        Corrupt.Unless(
            (Codec == Codec.None) == (StoredLengthBytes == PlainLengthBytes),
            "record: stored and plain length do not fit the codec");
        Corrupt.Unless(HasId(Type) != Id.IsZero, "record: id");
        Corrupt.Unless(
            Type == RecordType.Whole || ExtensionLengthBytes == 0, "record: extension in a record that has none");
    }
}
