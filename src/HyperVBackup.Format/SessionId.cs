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

    private const int DigitBits = 5;
    private const uint DigitMask = (1u << DigitBits) - 1;
    private const int LastDigitBits = (SizeBytes * 8) - (DigitBits * (TextLength - 1));
    private const int LastDigitPadding = (1 << (DigitBits - LastDigitBits)) - 1;

    private readonly ulong high;
    private readonly ulong low;

    /// <param name="bytes">Exactly 16 bytes, from a random source that never repeats.</param>
    public SessionId(ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(bytes.Length, SizeBytes);
        high = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        low = BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]);
    }

    private SessionId(ulong high, ulong low) => (this.high, this.low) = (high, low);

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

        ulong high = 0;
        ulong low = 0;
        for (int position = 0; position < TextLength; position++)
        {
            int digit = DigitOf(text[position]);
            bool isLast = position == TextLength - 1;
            if (digit < 0 || (isLast && (digit & LastDigitPadding) != 0))
            {
                return false;
            }

            int bitCount = isLast ? LastDigitBits : DigitBits;
            high = (high << bitCount) | (low >> (64 - bitCount));
            low = (low << bitCount) | (uint)(digit >> (DigitBits - bitCount));
        }

        id = new SessionId(high, low);
        return true;
    }

    public override string ToString()
    {
        Span<char> text = stackalloc char[TextLength];
        text[^1] = Alphabet[(int)((low << (DigitBits - LastDigitBits)) & DigitMask)];
        (ulong upper, ulong lower) = (high >> LastDigitBits, (low >> LastDigitBits) | (high << (64 - LastDigitBits)));
        for (int position = TextLength - 2; position >= 0; position--)
        {
            text[position] = Alphabet[(int)(lower & DigitMask)];
            (upper, lower) = (upper >> DigitBits, (lower >> DigitBits) | (upper << (64 - DigitBits)));
        }

        return text.ToString();
    }

    private static int DigitOf(char character) => character switch
    {
        >= 'a' and <= 'z' => character - 'a',
        >= '2' and <= '7' => character - '2' + 26,
        _ => -1,
    };
}
