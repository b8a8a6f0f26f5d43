using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace HyperVBackup.Format;

/// <summary>
/// The 32 bytes of a BLAKE3 hash. All zeros is the canonical id of zero bytes: no content is hashed to find it,
/// and nothing is ever stored under it. Ordered as its bytes are, so that sorted tables can be searched.
/// </summary>
[SuppressMessage("Design", "CA1036", Justification = "Ids are sorted, never compared with < by callers.")]
public readonly record struct Digest : IComparable<Digest>
{
    public const int SizeBytes = 32;

    private readonly ulong first;
    private readonly ulong second;
    private readonly ulong third;
    private readonly ulong fourth;

    /// <param name="bytes">Exactly 32 bytes.</param>
    public Digest(ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(bytes.Length, SizeBytes);
        first = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        second = BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]);
        third = BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]);
        fourth = BinaryPrimitives.ReadUInt64BigEndian(bytes[24..]);
    }

    public bool IsZero => (first | second | third | fourth) == 0;

    /// <summary>The leading 8 bytes, big-endian: uniformly spread, so a hash table may use them as they are.</summary>
    public ulong Prefix => first;

    /// <param name="output">At least 32 bytes.</param>
    public void WriteTo(Span<byte> output)
    {
        BinaryPrimitives.WriteUInt64BigEndian(output, first);
        BinaryPrimitives.WriteUInt64BigEndian(output[8..], second);
        BinaryPrimitives.WriteUInt64BigEndian(output[16..], third);
        BinaryPrimitives.WriteUInt64BigEndian(output[24..], fourth);
    }

    public int CompareTo(Digest other)
    {
        int order = first.CompareTo(other.first);
        order = order != 0 ? order : second.CompareTo(other.second);
        order = order != 0 ? order : third.CompareTo(other.third);
        return order != 0 ? order : fourth.CompareTo(other.fourth);
    }

    public override int GetHashCode() => unchecked((int)(first >> 32));

    /// <summary>64 lower-case hexadecimal digits.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[SizeBytes];
        WriteTo(bytes);
        return Convert.ToHexStringLower(bytes);
    }
}
