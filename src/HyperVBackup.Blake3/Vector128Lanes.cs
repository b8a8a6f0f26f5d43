using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace HyperVBackup.Blake3;

/// <summary>Four lanes in vectors of 128 bits, on x64 and Arm64 alike.</summary>
internal static class Vector128Lanes
{
    public const int Width = 4;

    /// <summary>Hashes up to four lanes. Writes four values; those without a lane mean nothing.</summary>
    [SkipLocalsInit]
    public static void Hash(scoped in LaneWork work, int laneCount, Span<byte> outputs)
    {
        Span<Vector128<uint>> words = stackalloc Vector128<uint>[Definition.WordsPerBlock];
        Span<Vector128<uint>> chaining = stackalloc Vector128<uint>[Definition.KeyWordCount];
        for (int i = 0; i < chaining.Length; i++)
        {
            chaining[i] = Vector128.Create(work.KeyWords[i]);
        }
        (Vector128<uint> counterLow, Vector128<uint> counterHigh) = Counters(work);
        for (int blockIndex = 0; blockIndex < work.BlockCount; blockIndex++)
        {
            LoadWords(work, laneCount, blockIndex, words);
            Compress(
                chaining, words, counterLow, counterHigh, work.SizeOf(blockIndex), work.FlagsOf(blockIndex));
        }
        StoreValues(chaining, outputs);
    }

    private static (Vector128<uint> Low, Vector128<uint> High) Counters(scoped in LaneWork work)
    {
        Vector128<uint> low = Vector128.Create(unchecked((uint)work.FirstCounter)) + Vector128<uint>.Indices;
        // Where the low half ran over, the comparison gives all ones, which is less one.
        Vector128<uint> carry = Vector128.LessThan(low, Vector128<uint>.Indices);
        Vector128<uint> high = Vector128.Create((uint)(work.FirstCounter >> 32)) - carry;
        return (
            low & Vector128.Create(unchecked((uint)work.CounterMask)),
            high & Vector128.Create((uint)(work.CounterMask >> 32)));
    }

    /// <summary>Compresses one block of every lane: each vector holds the same word of all of them.</summary>
    private static void Compress(
        Span<Vector128<uint>> chaining,
        Span<Vector128<uint>> words,
        Vector128<uint> counterLow,
        Vector128<uint> counterHigh,
        uint sizeBytes,
        BlockFlags flags)
    {
        Vector128<uint> v0 = chaining[0], v1 = chaining[1], v2 = chaining[2], v3 = chaining[3];
        Vector128<uint> v4 = chaining[4], v5 = chaining[5], v6 = chaining[6], v7 = chaining[7];
        Vector128<uint> v8 = Vector128.Create(Definition.Initial0), v9 = Vector128.Create(Definition.Initial1);
        Vector128<uint> v10 = Vector128.Create(Definition.Initial2), v11 = Vector128.Create(Definition.Initial3);
        Vector128<uint> v12 = counterLow, v13 = counterHigh;
        Vector128<uint> v14 = Vector128.Create(sizeBytes), v15 = Vector128.Create((uint)flags);
        ref Vector128<uint> w = ref MemoryMarshal.GetReference(words);
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
    private static Vector128<uint> Word(ref Vector128<uint> words, ref byte schedule, int place) =>
        Unsafe.Add(ref words, (nint)Unsafe.Add(ref schedule, place));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Mix(
        ref Vector128<uint> a,
        ref Vector128<uint> b,
        ref Vector128<uint> c,
        ref Vector128<uint> d,
        Vector128<uint> wordX,
        Vector128<uint> wordY)
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
    internal static Vector128<uint> RotateRight16(Vector128<uint> words) =>
        Vector128.Shuffle(
            words.AsByte(),
            Vector128.Create((byte)2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13)).AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<uint> RotateRight8(Vector128<uint> words) =>
        Vector128.Shuffle(
            words.AsByte(),
            Vector128.Create((byte)1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12)).AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<uint> RotateRight(Vector128<uint> words, int bits) =>
        (words >>> bits) | (words << (32 - bits));

    /// <summary>Turns four blocks, one to a row, into sixteen words, each across all rows.</summary>
    private static void LoadWords(scoped in LaneWork work, int laneCount, int blockIndex, Span<Vector128<uint>> words)
    {
        for (int word = 0; word < Definition.WordsPerBlock; word += 4)
        {
            int atBytes = (blockIndex * Definition.BlockSizeBytes) + (word * sizeof(uint));
            Vector128<uint> a = LoadRow(work, laneCount, 0, atBytes);
            Vector128<uint> b = LoadRow(work, laneCount, 1, atBytes);
            Vector128<uint> c = LoadRow(work, laneCount, 2, atBytes);
            Vector128<uint> d = LoadRow(work, laneCount, 3, atBytes);
            Transpose4x4(ref a, ref b, ref c, ref d);
            words[word] = a;
            words[word + 1] = b;
            words[word + 2] = c;
            words[word + 3] = d;
        }
    }

    /// <summary>
    /// What a row's run has at an offset, with bounds checked; rows without a lane read the last lane's run.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> LoadRow(scoped in LaneWork work, int laneCount, int row, int atBytes) =>
        Vector128.Create(work.Input[((Math.Min(row, laneCount - 1) * work.StrideBytes) + atBytes)..]).AsUInt32();

    /// <summary>Writes each lane's eight words together.</summary>
    private static void StoreValues(Span<Vector128<uint>> chaining, Span<byte> outputs)
    {
        Transpose4x4(ref chaining[0], ref chaining[1], ref chaining[2], ref chaining[3]);
        Transpose4x4(ref chaining[4], ref chaining[5], ref chaining[6], ref chaining[7]);
        for (int lane = 0; lane < Width; lane++)
        {
            Vector256.Create(chaining[lane], chaining[4 + lane])
                .AsByte().CopyTo(outputs[(lane * Definition.DigestSizeBytes)..]);
        }
    }

    /// <summary>Transposes the 4 x 4 words that four vectors hold.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose4x4(
        ref Vector128<uint> a, ref Vector128<uint> b, ref Vector128<uint> c, ref Vector128<uint> d)
    {
        Vector128<ulong> abLow = ZipLow(a, b).AsUInt64();
        Vector128<ulong> abHigh = ZipHigh(a, b).AsUInt64();
        Vector128<ulong> cdLow = ZipLow(c, d).AsUInt64();
        Vector128<ulong> cdHigh = ZipHigh(c, d).AsUInt64();
        a = ZipLow(abLow, cdLow).AsUInt32();
        b = ZipHigh(abLow, cdLow).AsUInt32();
        c = ZipLow(abHigh, cdHigh).AsUInt32();
        d = ZipHigh(abHigh, cdHigh).AsUInt32();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> ZipLow(Vector128<uint> a, Vector128<uint> b) =>
        Sse2.IsSupported ? Sse2.UnpackLow(a, b) : AdvSimd.Arm64.ZipLow(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> ZipHigh(Vector128<uint> a, Vector128<uint> b) =>
        Sse2.IsSupported ? Sse2.UnpackHigh(a, b) : AdvSimd.Arm64.ZipHigh(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> ZipLow(Vector128<ulong> a, Vector128<ulong> b) =>
        Sse2.IsSupported ? Sse2.UnpackLow(a, b) : AdvSimd.Arm64.ZipLow(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> ZipHigh(Vector128<ulong> a, Vector128<ulong> b) =>
        Sse2.IsSupported ? Sse2.UnpackHigh(a, b) : AdvSimd.Arm64.ZipHigh(a, b);
}
