using System.Buffers.Binary;
using System.Numerics;

namespace HyperVBackup.Disks.Vhdx;

/// <summary>CRC-32C (Castagnoli), the checksum of every VHDX structure.</summary>
internal static class Crc32C
{
    /// <summary>The checksum of <paramref name="bytes"/> with the four bytes at <paramref name="fieldAt"/>, which hold
    /// the checksum itself, taken as zero.</summary>
    public static uint WithoutField(ReadOnlySpan<byte> bytes, int fieldAt)
    {
        uint state = Append(uint.MaxValue, bytes[..fieldAt]);
        state = Append(state, [0, 0, 0, 0]);
        return ~Append(state, bytes[(fieldAt + sizeof(uint))..]);
    }

    private static uint Append(uint state, ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length >= sizeof(ulong))
        {
            state = BitOperations.Crc32C(state, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[sizeof(ulong)..];
        }
        foreach (byte value in bytes)
        {
            state = BitOperations.Crc32C(state, value);
        }
        return state;
    }
}
