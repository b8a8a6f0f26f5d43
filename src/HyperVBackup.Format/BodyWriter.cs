using System.Buffers;
using System.Buffers.Binary;

namespace HyperVBackup.Format;

/// <summary>Writes the fields of a plain body one after another; the mirror of <see cref="BodyReader"/>.</summary>
internal sealed class BodyWriter
{
    private readonly ArrayBufferWriter<byte> output = new();

    public int LengthBytes => output.WrittenCount;

    /// <summary>The next bytes of the body, zeroed, for the caller to fill.</summary>
    public Span<byte> Reserve(int lengthBytes)
    {
        Span<byte> bytes = output.GetSpan(lengthBytes)[..lengthBytes];
        bytes.Clear();
        output.Advance(lengthBytes);
        return bytes;
    }

    public void Bytes(ReadOnlySpan<byte> bytes) => output.Write(bytes);

    public void Byte(byte value) => Reserve(sizeof(byte))[0] = value;

    public void UInt16(int value) => BinaryPrimitives.WriteUInt16LittleEndian(Reserve(sizeof(ushort)), (ushort)value);

    public void UInt32(long value) => BinaryPrimitives.WriteUInt32LittleEndian(Reserve(sizeof(uint)), (uint)value);

    public void UInt64(ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(Reserve(sizeof(ulong)), value);

    public void Count(long value) => UInt64((ulong)value);

    public void Digest(Digest value) => value.WriteTo(Reserve(Format.Digest.SizeBytes));

    public void Session(SessionId value) => value.WriteTo(Reserve(SessionId.SizeBytes));

    public void Time(DateTimeOffset value) =>
        BinaryPrimitives.WriteInt64LittleEndian(Reserve(sizeof(long)), value.ToUnixTimeMilliseconds());

    /// <exception cref="ArgumentException">Longer than that, or not well-formed.</exception>
    public void Text(string value, int lengthMaxBytes)
    {
        byte[] bytes = StoredText.Write(value);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes.Length, lengthMaxBytes, nameof(value));
        UInt16(bytes.Length);
        Bytes(bytes);
    }

    public byte[] ToArray() => output.WrittenSpan.ToArray();
}
