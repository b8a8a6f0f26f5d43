using System.Buffers.Binary;

namespace HyperVBackup.Disks.Vhd;

/// <summary>The format's checksum: the sum of all bytes of a structure but its own, each bit turned over.</summary>
internal static class VhdChecksum
{
    /// <param name="bytes">The structure, at most 16 MiB.</param>
    /// <param name="fieldAt">Where it keeps its checksum, which does not count.</param>
    public static uint WithoutField(ReadOnlySpan<byte> bytes, int fieldAt) =>
        ~(Sum(bytes[..fieldAt]) + Sum(bytes[(fieldAt + sizeof(uint))..]));

    /// <summary>Whether the structure's checksum is the one it keeps.</summary>
    public static bool Matches(ReadOnlySpan<byte> bytes, int fieldAt) =>
        BinaryPrimitives.ReadUInt32BigEndian(bytes[fieldAt..]) == WithoutField(bytes, fieldAt);

    private static uint Sum(ReadOnlySpan<byte> bytes)
    {
        uint sum = 0;
        foreach (byte value in bytes)
        {
            sum += value;
        }
        return sum;
    }
}
