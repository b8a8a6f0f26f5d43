using System.Buffers.Binary;

namespace HyperVBackup.Format;

/// <summary>128 random bits that name a repository; every file of it carries them.</summary>
public readonly record struct RepositoryId
{
    public const int SizeBytes = 16;

    private readonly ulong high;
    private readonly ulong low;

    /// <param name="bytes">Exactly 16 bytes, from a random source that never repeats.</param>
    public RepositoryId(ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(bytes.Length, SizeBytes);
        high = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        low = BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]);
    }

    /// <param name="output">At least 16 bytes.</param>
    public void WriteTo(Span<byte> output)
    {
        BinaryPrimitives.WriteUInt64BigEndian(output, high);
        BinaryPrimitives.WriteUInt64BigEndian(output[8..], low);
    }

    /// <summary>32 lower-case hexadecimal digits.</summary>
    public override string ToString() => $"{high:x16}{low:x16}";
}
