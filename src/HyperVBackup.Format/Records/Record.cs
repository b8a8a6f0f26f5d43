using HyperVBackup.Format.Codecs;

namespace HyperVBackup.Format.Records;

/// <summary>A record as stored, see repo-format/record.md: a view of checked bytes, body still encoded.</summary>
public readonly ref struct Record
{
    public const int HeaderSizeBytes = RecordHeader.SizeBytes;

    private readonly RecordHeader header;
    private readonly ReadOnlySpan<byte> bytes;

    private Record(RecordHeader header, ReadOnlySpan<byte> bytes)
    {
        this.header = header;
        this.bytes = bytes;
    }

    internal RecordHeader Header => header;

    public RecordType Type => header.Type;

    public Codec Codec => header.Codec;

    public int PlainLengthBytes => header.PlainLengthBytes;

    /// <summary>The id of a chunk, node or list; zero in all other records.</summary>
    public Digest Id => header.Id;

    public int TotalLengthBytes => header.TotalLengthBytes;

    public ReadOnlySpan<byte> Extension =>
        bytes.Slice(RecordHeader.SizeBytes, header.ExtensionLengthBytes);

    public ReadOnlySpan<byte> Body => bytes[(RecordHeader.SizeBytes + header.ExtensionLengthBytes)..];

    /// <summary>Checks everything that needs neither decoding nor hashing of content, the checksum included.</summary>
    /// <param name="bytes">Begins with the record; may be longer.</param>
    /// <exception cref="CorruptDataException">Names the field that is wrong.</exception>
    public static Record Read(ReadOnlySpan<byte> bytes)
    {
        RecordHeader header = RecordHeader.Read(bytes);
        Corrupt.Unless(bytes.Length >= header.TotalLengthBytes, "record: bytes end inside it");
        bytes = bytes[..header.TotalLengthBytes];
        Corrupt.Unless(
            Checksum.Matches(bytes[RecordHeader.MagicAt..], bytes[RecordHeader.ChecksumAt..]), "record: checksum");
        return new Record(header, bytes);
    }

    /// <summary>The same but for the checksum, which covers what the id does not: for who has just written the record
    /// and proves it by its id, and who has the checksum asked for before the bytes leave.</summary>
    /// <inheritdoc cref="Read"/>
    public static Record ReadUnchecked(ReadOnlySpan<byte> bytes)
    {
        RecordHeader header = RecordHeader.Read(bytes);
        Corrupt.Unless(bytes.Length >= header.TotalLengthBytes, "record: bytes end inside it");
        return new Record(header, bytes[..header.TotalLengthBytes]);
    }

    /// <summary>The length of a whole record, for readers that hold only its header.</summary>
    /// <param name="headerBytes">At least 72 bytes.</param>
    /// <exception cref="CorruptDataException">The header makes no sense.</exception>
    public static int LengthOf(ReadOnlySpan<byte> headerBytes) => RecordHeader.Read(headerBytes).TotalLengthBytes;
}
