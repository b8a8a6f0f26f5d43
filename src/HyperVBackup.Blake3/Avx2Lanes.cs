using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace HyperVBackup.Blake3;

/// <summary>Eight lanes in vectors of 256 bits.</summary>
internal static class Avx2Lanes
{
    public const int Width = 8;

    /// <summary>Hashes up to eight lanes. Writes eight values; those without a lane mean nothing.</summary>
    [SkipLocalsInit]
    public static void Hash(scoped in LaneWork work, int laneCount, Span<byte> outputs)
    {
        Span<Vector256<uint>> words = stackalloc Vector256<uint>[Definition.WordsPerBlock];
        Span<Vector256<uint>> chaining = stackalloc Vector256<uint>[Definition.KeyWordCount];
        for (int i = 0; i < chaining.Length; i++)
        {
            chaining[i] = Vector256.Create(work.KeyWords[i]);
        }
        (Vector256<uint> counterLow, Vector256<uint> counterHigh) = Counters(work);
        for (int blockIndex = 0; blockIndex < work.BlockCount; blockIndex++)
        {
            LoadWords(work, laneCount, blockIndex, words);
            Compress(
                chaining, words, counterLow, counterHigh, work.SizeOf(blockIndex), work.FlagsOf(blockIndex));
        }
        StoreValues(chaining, outputs);
    }

    private static (Vector256<uint> Low, Vector256<uint> High) Counters(scoped in LaneWork work)
    {
        Vector256<uint> low = Vector256.Create(unchecked((uint)work.FirstCounter)) + Vector256<uint>.Indices;
        // Where the low half ran over, the comparison gives all ones, which is less one.
        Vector256<uint> carry = Vector256.LessThan(low, Vector256<uint>.Indices);
        Vector256<uint> high = Vector256.Create((uint)(work.FirstCounter >> 32)) - carry;
        return (
            low & Vector256.Create(unchecked((uint)work.CounterMask)),
            high & Vector256.Create((uint)(work.CounterMask >> 32)));
    }

    /// <summary>Compresses one block of every lane: each vector holds the same word of all of them.</summary>
    private static void Compress(
        Span<Vector256<uint>> chaining,
        Span<Vector256<uint>> words,
        Vector256<uint> counterLow,
        Vector256<uint> counterHigh,
        uint sizeBytes,
        BlockFlags flags)
    {
        Vector256<uint> v0 = chaining[0], v1 = chaining[1], v2 = chaining[2], v3 = chaining[3];
        Vector256<uint> v4 = chaining[4], v5 = chaining[5], v6 = chaining[6], v7 = chaining[7];
        Vector256<uint> v8 = Vector256.Create(Definition.Initial0), v9 = Vector256.Create(Definition.Initial1);
        Vector256<uint> v10 = Vector256.Create(Definition.Initial2), v11 = Vector256.Create(Definition.Initial3);
        Vector256<uint> v12 = counterLow, v13 = counterHigh;
        Vector256<uint> v14 = Vector256.Create(sizeBytes), v15 = Vector256.Create((uint)flags);
        ref Vector256<uint> w = ref MemoryMarshal.GetReference(words);
        ref byte s = ref MemoryMarshal.GetReference(Definition.MessageSchedule);
        for (int round = 0; round < Definition.RoundCount; round++)
        {
            // Columns, then diagonals.
            Mix(ref v0, ref v4, ref v8, ref v12, Word(ref w, ref s, 0), Word(ref w, ref s, 1));
            Mix(ref v1, ref v5, ref v9, ref v13, Word(ref w, ref s, 2), Word(ref w, ref s, 3));
            Mix(ref v2, ref v6, ref v10, ref v14, Word(ref w, ref s, 4), Word(ref w, ref s, 5));
            Mix(ref v3, ref v7, ref v11, ref v15, Word(ref w, ref s, 6), Word(ref w, ref s, 7));
            Mix(ref v0, ref v5, ref v10, ref v15, Word(ref w, ref s, 8), Word(ref w, ref s, 9));
            Mix(ref v1, ref v6, ref v11, ref v12, Word(ref w, ref s, 10), Word(ref w, ref s, 11));
            Mix(ref v2, ref v7, ref v8, ref v13, Word(ref w, ref s, 12), Word(ref w, ref s, 13));
            Mix(ref v3, ref v4, ref v9, ref v14, Word(ref w, ref s, 14), Word(ref w, ref s, 15));
            s = ref Unsafe.Add(ref s, Definition.WordsPerBlock);
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

    /// <summary>The message word whose turn it is at <paramref name="place"/> of the round.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Word(ref Vector256<uint> words, ref byte schedule, int place) =>
        Unsafe.Add(ref words, (nint)Unsafe.Add(ref schedule, place));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Mix(
        ref Vector256<uint> a,
        ref Vector256<uint> b,
        ref Vector256<uint> c,
        ref Vector256<uint> d,
        Vector256<uint> wordX,
        Vector256<uint> wordY)
    {
        a = a + wordX + b;
        d = RotateRight16(d ^ a);
        c += d;
        b = RotateRight(b ^ c, 12);
        a = a + wordY + b;
        d = RotateRight8(d ^ a);
        c += d;
        b = RotateRight(b ^ c, 7);
    }

    // Rotations by whole bytes are one shuffle, the others two shifts.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> RotateRight16(Vector256<uint> words) =>
        Avx2.Shuffle(
            words.AsByte(),
            Vector256.Create(
                (byte)2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13,
                2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13)).AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> RotateRight8(Vector256<uint> words) =>
        Avx2.Shuffle(
            words.AsByte(),
            Vector256.Create(
                (byte)1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12,
                1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12)).AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> RotateRight(Vector256<uint> words, int bits) =>
        (words >>> bits) | (words << (32 - bits));

    /// <summary>Turns eight blocks, one to a row, into sixteen words, each across all rows.</summary>
    private static void LoadWords(scoped in LaneWork work, int laneCount, int blockIndex, Span<Vector256<uint>> words)
    {
        int atBytes = blockIndex * Definition.BlockSizeBytes;
        LoadHalf(work, laneCount, atBytes, words[..8]);
        LoadHalf(work, laneCount, atBytes + (Definition.BlockSizeBytes / 2), words[8..]);
    }

    /// <summary>Turns half a block of each row into eight words.</summary>
    private static void LoadHalf(scoped in LaneWork work, int laneCount, int atBytes, Span<Vector256<uint>> words)
    {
        for (int row = 0; row < Width; row += 4)
        {
            Vector256<uint> a = LoadRow(work, laneCount, row, atBytes);
            Vector256<uint> b = LoadRow(work, laneCount, row + 1, atBytes);
            Vector256<uint> c = LoadRow(work, laneCount, row + 2, atBytes);
            Vector256<uint> d = LoadRow(work, laneCount, row + 3, atBytes);
            Transpose4x4(ref a, ref b, ref c, ref d);
            words[row] = a;
            words[row + 1] = b;
            words[row + 2] = c;
            words[row + 3] = d;
        }
        // Now words[4 i + j] holds in its half k the word 4 k + j of the rows 4 i to 4 i + 3: i and k change places.
        for (int j = 0; j < 4; j++)
        {
            TransposeHalves(ref words[j], ref words[4 + j]);
        }
    }

    /// <summary>
    /// What a row's run has at an offset, with bounds checked; rows without a lane read the last lane's run.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> LoadRow(scoped in LaneWork work, int laneCount, int row, int atBytes) =>
        Vector256.Create(work.Input[((Math.Min(row, laneCount - 1) * work.StrideBytes) + atBytes)..]).AsUInt32();

    /// <summary>Writes each lane's eight words together.</summary>
    private static void StoreValues(Span<Vector256<uint>> chaining, Span<byte> outputs)
    {
        Transpose4x4(ref chaining[0], ref chaining[1], ref chaining[2], ref chaining[3]);
        Transpose4x4(ref chaining[4], ref chaining[5], ref chaining[6], ref chaining[7]);
        for (int j = 0; j < 4; j++)
        {
            // The halves k of these two are the halves of lane 4 k + j.
            TransposeHalves(ref chaining[j], ref chaining[4 + j]);
            chaining[j].AsByte().CopyTo(outputs[(j * Definition.DigestSizeBytes)..]);
            chaining[4 + j].AsByte().CopyTo(outputs[((4 + j) * Definition.DigestSizeBytes)..]);
        }
    }

    /// <summary>Transposes the 4 x 4 words that four vectors hold in each of their 128-bit halves.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose4x4(
        ref Vector256<uint> a, ref Vector256<uint> b, ref Vector256<uint> c, ref Vector256<uint> d)
    {
        Vector256<ulong> abLow = Avx2.UnpackLow(a, b).AsUInt64();
        Vector256<ulong> abHigh = Avx2.UnpackHigh(a, b).AsUInt64();
        Vector256<ulong> cdLow = Avx2.UnpackLow(c, d).AsUInt64();
        Vector256<ulong> cdHigh = Avx2.UnpackHigh(c, d).AsUInt64();
        a = Avx2.UnpackLow(abLow, cdLow).AsUInt32();
        b = Avx2.UnpackHigh(abLow, cdLow).AsUInt32();
        c = Avx2.UnpackLow(abHigh, cdHigh).AsUInt32();
        d = Avx2.UnpackHigh(abHigh, cdHigh).AsUInt32();
    }

    /// <summary>Transposes the 2 x 2 halves of 128 bits that two vectors hold.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TransposeHalves(ref Vector256<uint> a, ref Vector256<uint> b)
    {
        // The lower halves of both operands, or the upper ones.
        const byte Lower = 0x20;
        const byte Upper = 0x31;
        Vector256<uint> lower = Avx2.Permute2x128(a, b, Lower);
        b = Avx2.Permute2x128(a, b, Upper);
        a = lower;
    }
}
