using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace HyperVBackup.Blake3;

/// <summary>
/// The compression of one block in plain integers: the specification as it reads, and the path of last resort.
/// </summary>
internal static class ScalarBlock
{
    /// <summary>
    /// Replaces the eight words of <paramref name="chaining"/> by those after <paramref name="block"/>.
    /// </summary>
    [SkipLocalsInit]
    public static void Compress(
        Span<uint> chaining, ReadOnlySpan<byte> block, int blockLengthBytes, ulong counter, BlockFlags flags)
    {
        Span<uint> words = stackalloc uint[Definition.WordsPerBlock];
        for (int i = 0; i < words.Length; i++)
        {
            words[i] = BinaryPrimitives.ReadUInt32LittleEndian(block[(i * sizeof(uint))..]);
        }
        uint v0 = chaining[0], v1 = chaining[1], v2 = chaining[2], v3 = chaining[3];
        uint v4 = chaining[4], v5 = chaining[5], v6 = chaining[6], v7 = chaining[7];
        uint v8 = Definition.Initial0, v9 = Definition.Initial1, v10 = Definition.Initial2, v11 = Definition.Initial3;
        uint v12 = unchecked((uint)counter), v13 = (uint)(counter >> 32);
        uint v14 = (uint)blockLengthBytes, v15 = (uint)flags;
        ReadOnlySpan<byte> schedule = Definition.MessageSchedule;
        while (!schedule.IsEmpty)
        {
            // Columns, then diagonals.
            Mix(ref v0, ref v4, ref v8, ref v12, words[schedule[0] & 15], words[schedule[1] & 15]);
            Mix(ref v1, ref v5, ref v9, ref v13, words[schedule[2] & 15], words[schedule[3] & 15]);
            Mix(ref v2, ref v6, ref v10, ref v14, words[schedule[4] & 15], words[schedule[5] & 15]);
            Mix(ref v3, ref v7, ref v11, ref v15, words[schedule[6] & 15], words[schedule[7] & 15]);
            Mix(ref v0, ref v5, ref v10, ref v15, words[schedule[8] & 15], words[schedule[9] & 15]);
            Mix(ref v1, ref v6, ref v11, ref v12, words[schedule[10] & 15], words[schedule[11] & 15]);
            Mix(ref v2, ref v7, ref v8, ref v13, words[schedule[12] & 15], words[schedule[13] & 15]);
            Mix(ref v3, ref v4, ref v9, ref v14, words[schedule[14] & 15], words[schedule[15] & 15]);
            schedule = schedule[Definition.WordsPerBlock..];
        }
        chaining[0] = v0 ^ v8;
        chaining[1] = v1 ^ v9;
        chaining[2] = v2 ^ v10;
        chaining[3] = v3 ^ v11;
        chaining[4] = v4 ^ v12;
        chaining[5] = v5 ^ v13;
        chaining[6] = v6 ^ v14;
        chaining[7] = v7 ^ v15;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Mix(ref uint a, ref uint b, ref uint c, ref uint d, uint wordX, uint wordY)
    {
        unchecked
        {
            a = a + wordX + b;
            d = BitOperations.RotateRight(d ^ a, 16);
            c += d;
            b = BitOperations.RotateRight(b ^ c, 12);
            a = a + wordY + b;
            d = BitOperations.RotateRight(d ^ a, 8);
            c += d;
            b = BitOperations.RotateRight(b ^ c, 7);
        }
    }
}
