using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace HyperVBackup.Format;

/// <summary>
/// 128 random bits that name a session, and the restore point it may publish. As text: 26 lower-case base32
/// characters (RFC 4648 alphabet, no padding; the last character carries 3 bits).
/// </summary>
[SuppressMessage("Design", "CA1036", Justification = "Ids are sorted, never compared with < by callers.")]
public readonly record struct SessionId : IComparable<SessionId>
{
    public const int SizeBytes = 16;
    public const int TextLength = 26;
    private const string Alphabet = "abcdefghijklmnopqrstuvwxyz234567";

    private readonly ulong high;
    private readonly ulong low;

    /// <param name="bytes">Exactly 16 bytes, from a random source that never repeats.</param>
    public SessionId(ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(bytes.Length, SizeBytes);
        high = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        low = BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]);
    }

    public bool IsNone => (high | low) == 0;

    public void WriteTo(Span<byte> output)
    {
        BinaryPrimitives.WriteUInt64BigEndian(output, high);
        BinaryPrimitives.WriteUInt64BigEndian(output[8..], low);
    }

    public int CompareTo(SessionId other)
    {
        int order = high.CompareTo(other.high);
        return order != 0 ? order : low.CompareTo(other.low);
    }

    /// <summary>Reads the 26 characters of an id; anything else is refused.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out SessionId id)
    {
        id = default;
        if (text.Length != TextLength)
        {
            return false;
        }

        UInt128 value = 0;
        for (int position = 0; position < TextLength; position++)
        {
            int digit = Alphabet.IndexOf(text[position], StringComparison.Ordinal);
            bool isLast = position == TextLength - 1;
            if (digit < 0 || (isLast && (digit & 0b11) != 0))
            {
                return false;
            }

            value = isLast ? (value << 3) | (uint)(digit >> 2) : (value << 5) | (uint)digit;
        }

        Span<byte> bytes = stackalloc byte[SizeBytes];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, value);
        id = new SessionId(bytes);
        return true;
    }

    public override string ToString()
    {
        UInt128 value = new(high, low);
        Span<char> text = stackalloc char[TextLength];
        text[^1] = Alphabet[(int)(uint)(value & 0b111) << 2];
        value >>= 3;
        for (int position = TextLength - 2; position >= 0; position--)
        {
            text[position] = Alphabet[(int)(uint)(value & 0b11111)];
            value >>= 5;
        }

        return text.ToString();
    }
}
