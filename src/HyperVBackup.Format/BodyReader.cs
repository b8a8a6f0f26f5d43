using System.Buffers.Binary;

namespace HyperVBackup.Format;

/// <summary>Reads the fields of a plain body one after another; every complaint begins with the body's name.</summary>
internal ref struct BodyReader(ReadOnlySpan<byte> bytes, string what)
{
    private readonly string what = what;
    private ReadOnlySpan<byte> rest = bytes;

    public readonly int RestLengthBytes => rest.Length;

    public ReadOnlySpan<byte> Bytes(int lengthBytes, string field)
    {
        Require(lengthBytes <= rest.Length, field, ": the body ends inside it");
        ReadOnlySpan<byte> bytes = rest[..lengthBytes];
        rest = rest[lengthBytes..];
        return bytes;
    }

    public byte Byte(string field) => Bytes(sizeof(byte), field)[0];

    public ushort UInt16(string field) => BinaryPrimitives.ReadUInt16LittleEndian(Bytes(sizeof(ushort), field));

    public uint UInt32(string field) => BinaryPrimitives.ReadUInt32LittleEndian(Bytes(sizeof(uint), field));

    public ulong UInt64(string field) => BinaryPrimitives.ReadUInt64LittleEndian(Bytes(sizeof(ulong), field));

    /// <summary>A count or size that this program keeps as a signed number.</summary>
    public long Count(string field, long max = long.MaxValue)
    {
        ulong value = UInt64(field);
        Require(value <= (ulong)max, field);
        return (long)value;
    }

    public Digest Digest(string field) => new(Bytes(Format.Digest.SizeBytes, field));

    public SessionId Session(string field) => new(Bytes(SessionId.SizeBytes, field));

    /// <summary>Milliseconds since 1970, UTC.</summary>
    public DateTimeOffset Time(string field)
    {
        long milliseconds = BinaryPrimitives.ReadInt64LittleEndian(Bytes(sizeof(long), field));
        Require(
            milliseconds >= DateTimeOffset.MinValue.ToUnixTimeMilliseconds()
            && milliseconds <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds(),
            field);
        return DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
    }

    /// <summary>A length in two bytes, then that much UTF-8.</summary>
    public string Text(string field, int lengthMaxBytes)
    {
        int lengthBytes = UInt16(field);
        Require(lengthBytes <= lengthMaxBytes, field, ": length");
        Require(StoredText.TryRead(Bytes(lengthBytes, field), out string text), field, ": not UTF-8");
        return text;
    }

    /// <summary>The words are only put together where they are needed: a body has a hundred fields.</summary>
    public readonly void Require(bool holds, string field, string fault = "")
    {
        if (!holds)
        {
            throw new CorruptDataException($"{what}: {field}{fault}");
        }
    }

    public readonly void RequireEnd() => Require(rest.IsEmpty, "bytes after the last field");
}
