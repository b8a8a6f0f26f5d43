namespace HyperVBackup.Format.Tests.Bodies;

/// <summary>Bytes as compressors meet them: noise, runs, copies from near and far, words, machine code.</summary>
internal static class CodecSample
{
    /// <summary>Bytes made of pieces of all kinds, the same ones for the same seed.</summary>
    public static byte[] Mixed(int seed, int lengthBytes)
    {
        Sample sample = new(seed);
        byte[] bytes = sample.Bytes(lengthBytes);
        int alphabet = 1 + sample.Below(256);
        for (int at = 0; at < lengthBytes;)
        {
            int length = Math.Min(1 + sample.Below(sample.Flip() ? 12 : 1 + sample.Below(1500)), lengthBytes - at);
            Span<byte> piece = bytes.AsSpan(at, length);
            int kind = sample.Below(4);
            if (kind == 0)
            {
                piece.Fill((byte)sample.Below(alphabet));
            }
            else if (kind == 1 && at > 0)
            {
                CopyFrom(bytes, at, length, 1 + sample.Below(sample.Flip() ? Math.Min(at, 40) : at));
            }
            else if (kind == 2)
            {
                foreach (ref byte value in piece)
                {
                    value = (byte)(value % alphabet);
                }
            }

            at += length;
        }

        return bytes;
    }

    /// <summary>Machine code and text: the bytes of this very library, in chunks of the default size.</summary>
    public static IEnumerable<byte[]> ProgramChunks()
    {
        byte[] program = File.ReadAllBytes(typeof(ContentHasher).Assembly.Location);
        return program.Chunk(Limits.FormatLimits.ChunkSizeDefaultBytes);
    }

    private static void CopyFrom(byte[] bytes, int at, int length, int distance)
    {
        for (int i = at; i < at + length; i++)
        {
            bytes[i] = bytes[i - distance];
        }
    }
}
