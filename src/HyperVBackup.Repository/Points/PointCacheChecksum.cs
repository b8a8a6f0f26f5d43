using System.Buffers.Binary;
using System.Numerics;

namespace HyperVBackup.Repository.Points;

/// <summary>
/// The checksum of a cache of points: four CRC-32C, of every fourth word of eight bytes each. It is not BLAKE3, as what
/// is in a repository has, because that takes a short command longer to compile than to compute. Each of them
/// notices every change of up to 32 bits in a row, and any other with a chance of one in 2^32 to miss it.
/// </summary>
internal static class PointCacheChecksum
{
    public const int SizeBytes = 4 * sizeof(uint);
    private const int WordBytes = sizeof(ulong);
    private const int RowBytes = 4 * WordBytes;

    /// <param name="output">16 bytes.</param>
    public static void Write(ReadOnlySpan<byte> bytes, Span<byte> output)
    {
        (uint first, uint second, uint third, uint fourth) = (~0u, ~1u, ~2u, ~3u);
        while (bytes.Length >= RowBytes)
        {
            first = BitOperations.Crc32C(first, WordAt(bytes, 0));
            second = BitOperations.Crc32C(second, WordAt(bytes, WordBytes));
            third = BitOperations.Crc32C(third, WordAt(bytes, 2 * WordBytes));
            fourth = BitOperations.Crc32C(fourth, WordAt(bytes, 3 * WordBytes));
            bytes = bytes[RowBytes..];
        }

        foreach (byte left in bytes)
        {
            first = BitOperations.Crc32C(first, left);
        }

        ReadOnlySpan<uint> sums = [first, second, third, fourth];
        for (int index = 0; index < sums.Length; index++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(output[(index * sizeof(uint))..], sums[index]);
        }
    }

    private static ulong WordAt(ReadOnlySpan<byte> bytes, int offset) =>
        BinaryPrimitives.ReadUInt64LittleEndian(bytes[offset..]);
}
