using System.Buffers.Binary;
using HyperVBackup.Blake3;

namespace HyperVBackup.Format;

/// <summary>The first 16 bytes of plain BLAKE3: guards stored bytes, needs no key.</summary>
/// <remarks>As two words: what takes a <see cref="UInt128"/> cannot be compiled ahead.</remarks>
internal readonly record struct Checksum
{
    public const int SizeBytes = 16;

    private readonly ulong low;
    private readonly ulong high;

    private Checksum(ulong low, ulong high) => (this.low, this.high) = (low, high);

    /// <summary>The checksum that these bytes begin with.</summary>
    public static Checksum Read(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadUInt64LittleEndian(bytes),
        BinaryPrimitives.ReadUInt64LittleEndian(bytes[sizeof(ulong)..]));

    /// <summary>Whether it is that of <paramref name="bytes"/>.</summary>
    public bool Fits(ReadOnlySpan<byte> bytes)
    {
        Span<byte> found = stackalloc byte[SizeBytes];
        Write(bytes, found);
        return Read(found) == this;
    }

    public static void Write(ReadOnlySpan<byte> bytes, Span<byte> output)
    {
        Span<byte> hash = stackalloc byte[Digest.SizeBytes];
        Blake3Mode.Plain.Hash(bytes, hash);
        hash[..SizeBytes].CopyTo(output);
    }

    public static bool Matches(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> checksum)
    {
        Span<byte> hash = stackalloc byte[Digest.SizeBytes];
        Blake3Mode.Plain.Hash(bytes, hash);
        return hash[..SizeBytes].SequenceEqual(checksum[..SizeBytes]);
    }
}
