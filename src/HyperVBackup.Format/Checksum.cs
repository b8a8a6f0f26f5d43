using HyperVBackup.Blake3;

namespace HyperVBackup.Format;

/// <summary>The first 16 bytes of plain BLAKE3: guards stored bytes, needs no key.</summary>
internal static class Checksum
{
    public const int SizeBytes = 16;

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
