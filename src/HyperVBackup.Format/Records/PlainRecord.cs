using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Limits;

namespace HyperVBackup.Format.Records;

/// <summary>Writes and reads the records that are not chunks: nodes, lists, and those that files are made of.</summary>
public static class PlainRecord
{
    /// <summary>The room <see cref="Write"/> needs, whatever the compression.</summary>
    public static int WrittenSizeMax(int plainLengthBytes) => RecordHeader.SizeBytes + plainLengthBytes;

    /// <param name="id">The id of a node or list; zero for all others.</param>
    /// <param name="compression">Not used for nodes, which are too small for it.</param>
    /// <param name="output">At least <see cref="WrittenSizeMax"/> bytes.</param>
    /// <returns>The length of the record.</returns>
    public static int Write(
        RecordType type, Digest id, ReadOnlySpan<byte> plain, Compression compression, Span<byte> output)
    {
        ArgumentOutOfRangeException.ThrowIfZero(plain.Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(plain.Length, FormatLimits.RecordPlainLengthMaxBytes);
        if (type is RecordType.Whole or RecordType.Delta || !Enum.IsDefined(type))
        {
            throw new ArgumentException($"{type} is no plain record.", nameof(type));
        }

        if (RecordHeader.HasId(type) == id.IsZero)
        {
            throw new ArgumentException($"A record of type {type} with the id {id}.", nameof(id));
        }

        Compression used = type == RecordType.Node ? Compression.None : compression;
        (Codec codec, int storedLength) = BodyCodec.Encode(plain, used, output[RecordHeader.SizeBytes..]);
        RecordHeader header = new(type, codec, plain.Length, storedLength, ExtensionLengthBytes: 0, id);
        header.Seal(output);
        return header.TotalLengthBytes;
    }

    /// <summary>The decoded body.</summary>
    /// <exception cref="CorruptDataException">The body does not expand to its plain length.</exception>
    public static byte[] Read(in Record record)
    {
        Corrupt.Unless(
            record.Type is not (RecordType.Whole or RecordType.Delta),
            "record: a chunk, where something else was expected");
        byte[] plain = new byte[record.PlainLengthBytes];
        BodyCodec.Decode(record.Codec, record.Body, plain);
        return plain;
    }
}
