using System.Buffers.Binary;
using Xunit;

namespace HyperVBackup.Format.Tests.Bodies;

/// <summary>Reads an LZ4 block byte by byte and holds it against every rule of the format's description, also those
/// that decoders do not ask for.</summary>
internal static class StrictLz4Block
{
    public static byte[] Decode(ReadOnlySpan<byte> block)
    {
        List<byte> plain = [];
        int lastMatchStart = 0;
        int at = 0;
        while (true)
        {
            byte token = block[at++];
            int literalCount = ReadLength(block, ref at, token >> 4);
            plain.AddRange(block.Slice(at, literalCount));
            at += literalCount;
            if (at == block.Length)
            {
                Assert.Equal(0, token & 15);
                Assert.True(lastMatchStart == 0 || literalCount >= 5, "The last five bytes are literals.");
                Assert.True(lastMatchStart <= Math.Max(plain.Count - 12, 0), "No match starts in the last twelve.");
                return [.. plain];
            }

            int distance = BinaryPrimitives.ReadUInt16LittleEndian(block[at..]);
            at += sizeof(ushort);
            int length = ReadLength(block, ref at, token & 15) + 4;
            Assert.InRange(distance, 1, plain.Count);
            lastMatchStart = plain.Count;
            for (int i = 0; i < length; i++)
            {
                plain.Add(plain[^distance]);
            }
        }
    }

    private static int ReadLength(ReadOnlySpan<byte> block, ref int at, int length)
    {
        byte more = length == 15 ? byte.MaxValue : (byte)0;
        while (more == byte.MaxValue)
        {
            more = block[at++];
            length += more;
        }

        return length;
    }
}
