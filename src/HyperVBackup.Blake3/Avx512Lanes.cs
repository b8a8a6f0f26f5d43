using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace HyperVBackup.Blake3;

/// <summary>
/// Sixteen lanes in vectors of 512 bits. The sixteen words of the state and the vectors in work fit the 32 registers;
/// the message words come from the stack.
/// </summary>
internal static class Avx512Lanes
{
    public const int Width = 16;

    /// <summary>Hashes up to sixteen lanes. Writes sixteen values; those without a lane mean nothing.</summary>
    [SkipLocalsInit]
    public static void Hash(scoped in LaneWork work, int laneCount, Span<byte> outputs)
    {
        Span<Vector512<uint>> words = Aligned(stackalloc Vector512<uint>[Definition.WordsPerBlock + 1]);
        Span<Vector512<uint>> chaining = stackalloc Vector512<uint>[Definition.KeyWordCount];
        for (int i = 0; i < chaining.Length; i++)
        {
            chaining[i] = Vector512.Create(work.KeyWords[i]);
        }
        (Vector512<uint> counterLow, Vector512<uint> counterHigh) = Counters(work);
        for (int blockIndex = 0; blockIndex < work.BlockCount; blockIndex++)
        {
            LoadWords(work, laneCount, blockIndex, words);
            Compress(chaining, words, counterLow, counterHigh, work.FlagsOf(blockIndex));
        }
        StoreValues(chaining, outputs);
    }

    /// <summary>
    /// All but one of the vectors of <paramref name="space"/>, which is on the stack, at an address that is a multiple
    /// of their size: a vector that straddles two cache lines takes twice as long to load.
    /// </summary>
    private static unsafe Span<Vector512<uint>> Aligned(Span<Vector512<uint>> space)
    {
        ref byte start = ref Unsafe.As<Vector512<uint>, byte>(ref MemoryMarshal.GetReference(space));
        nuint overBytes = (nuint)Unsafe.AsPointer(ref start) % (nuint)sizeof(Vector512<uint>);
        ref byte aligned = ref Unsafe.AddByteOffset(ref start, (nuint)sizeof(Vector512<uint>) - overBytes);
        return MemoryMarshal.CreateSpan(ref Unsafe.As<byte, Vector512<uint>>(ref aligned), space.Length - 1);
    }

    private static (Vector512<uint> Low, Vector512<uint> High) Counters(scoped in LaneWork work)
    {
        Vector512<uint> low = Vector512.Create(unchecked((uint)work.FirstCounter)) + Vector512<uint>.Indices;
        // Where the low half ran over, the comparison gives all ones, which is less one.
        Vector512<uint> carry = Vector512.LessThan(low, Vector512<uint>.Indices);
        Vector512<uint> high = Vector512.Create((uint)(work.FirstCounter >> 32)) - carry;
        return (
            low & Vector512.Create(unchecked((uint)work.CounterMask)),
            high & Vector512.Create((uint)(work.CounterMask >> 32)));
    }

    /// <summary>Compresses one block of every lane: each vector holds the same word of all of them.</summary>
    private static void Compress(
        Span<Vector512<uint>> chaining,
        Span<Vector512<uint>> words,
        Vector512<uint> counterLow,
        Vector512<uint> counterHigh,
        BlockFlags flags)
    {
        Vector512<uint> v0 = chaining[0], v1 = chaining[1], v2 = chaining[2], v3 = chaining[3];
        Vector512<uint> v4 = chaining[4], v5 = chaining[5], v6 = chaining[6], v7 = chaining[7];
        Vector512<uint> v8 = Vector512.Create(Definition.Initial0), v9 = Vector512.Create(Definition.Initial1);
        Vector512<uint> v10 = Vector512.Create(Definition.Initial2), v11 = Vector512.Create(Definition.Initial3);
        Vector512<uint> v12 = counterLow, v13 = counterHigh;
        Vector512<uint> v14 = Vector512.Create((uint)Definition.BlockSizeBytes), v15 = Vector512.Create((uint)flags);
        ref Vector512<uint> w = ref MemoryMarshal.GetReference(words);
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
    private static Vector512<uint> Word(ref Vector512<uint> words, ref byte schedule, int place) =>
        Unsafe.Add(ref words, (nint)Unsafe.Add(ref schedule, place));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Mix(
        ref Vector512<uint> a,
        ref Vector512<uint> b,
        ref Vector512<uint> c,
        ref Vector512<uint> d,
        Vector512<uint> wordX,
        Vector512<uint> wordY)
    {
        a = a + wordX + b;
        d = Avx512F.RotateRight(d ^ a, 16);
        c += d;
        b = Avx512F.RotateRight(b ^ c, 12);
        a = a + wordY + b;
        d = Avx512F.RotateRight(d ^ a, 8);
        c += d;
        b = Avx512F.RotateRight(b ^ c, 7);
    }

    /// <summary>Turns sixteen blocks, one to a row, into sixteen words, each across all rows.</summary>
    private static void LoadWords(scoped in LaneWork work, int laneCount, int blockIndex, Span<Vector512<uint>> words)
    {
        int atBytes = blockIndex * Definition.BlockSizeBytes;
        Vector512<uint> r0 = LoadRow(work, laneCount, 0, atBytes);
        Vector512<uint> r1 = LoadRow(work, laneCount, 1, atBytes);
        Vector512<uint> r2 = LoadRow(work, laneCount, 2, atBytes);
        Vector512<uint> r3 = LoadRow(work, laneCount, 3, atBytes);
        Transpose4x4(ref r0, ref r1, ref r2, ref r3);
        Vector512<uint> r4 = LoadRow(work, laneCount, 4, atBytes);
        Vector512<uint> r5 = LoadRow(work, laneCount, 5, atBytes);
        Vector512<uint> r6 = LoadRow(work, laneCount, 6, atBytes);
        Vector512<uint> r7 = LoadRow(work, laneCount, 7, atBytes);
        Transpose4x4(ref r4, ref r5, ref r6, ref r7);
        Vector512<uint> r8 = LoadRow(work, laneCount, 8, atBytes);
        Vector512<uint> r9 = LoadRow(work, laneCount, 9, atBytes);
        Vector512<uint> r10 = LoadRow(work, laneCount, 10, atBytes);
        Vector512<uint> r11 = LoadRow(work, laneCount, 11, atBytes);
        Transpose4x4(ref r8, ref r9, ref r10, ref r11);
        Vector512<uint> r12 = LoadRow(work, laneCount, 12, atBytes);
        Vector512<uint> r13 = LoadRow(work, laneCount, 13, atBytes);
        Vector512<uint> r14 = LoadRow(work, laneCount, 14, atBytes);
        Vector512<uint> r15 = LoadRow(work, laneCount, 15, atBytes);
        Transpose4x4(ref r12, ref r13, ref r14, ref r15);
        // Now quarter k of row 4 i + j holds the word 4 k + j of the rows 4 i to 4 i + 3: i and k change places.
        TransposeQuarters(ref r0, ref r4, ref r8, ref r12);
        TransposeQuarters(ref r1, ref r5, ref r9, ref r13);
        TransposeQuarters(ref r2, ref r6, ref r10, ref r14);
        TransposeQuarters(ref r3, ref r7, ref r11, ref r15);
        ref Vector512<uint> word = ref MemoryMarshal.GetReference(words);
        Unsafe.Add(ref word, 0) = r0;
        Unsafe.Add(ref word, 1) = r1;
        Unsafe.Add(ref word, 2) = r2;
        Unsafe.Add(ref word, 3) = r3;
        Unsafe.Add(ref word, 4) = r4;
        Unsafe.Add(ref word, 5) = r5;
        Unsafe.Add(ref word, 6) = r6;
        Unsafe.Add(ref word, 7) = r7;
        Unsafe.Add(ref word, 8) = r8;
        Unsafe.Add(ref word, 9) = r9;
        Unsafe.Add(ref word, 10) = r10;
        Unsafe.Add(ref word, 11) = r11;
        Unsafe.Add(ref word, 12) = r12;
        Unsafe.Add(ref word, 13) = r13;
        Unsafe.Add(ref word, 14) = r14;
        Unsafe.Add(ref word, 15) = r15;
    }

    /// <summary>
    /// What a row's run has at an offset, with bounds checked; rows without a lane read the last lane's run.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> LoadRow(scoped in LaneWork work, int laneCount, int row, int atBytes) =>
        Vector512.Create(work.Input[((Math.Min(row, laneCount - 1) * work.StrideBytes) + atBytes)..]).AsUInt32();

    /// <summary>Writes each lane's eight words together.</summary>
    private static void StoreValues(Span<Vector512<uint>> chaining, Span<byte> outputs)
    {
        Transpose4x4(ref chaining[0], ref chaining[1], ref chaining[2], ref chaining[3]);
        Transpose4x4(ref chaining[4], ref chaining[5], ref chaining[6], ref chaining[7]);
        for (int j = 0; j < 4; j++)
        {
            // The quarters k of these two are the halves of lane 4 k + j.
            Vector512<uint> left = chaining[j];
            Vector512<uint> right = chaining[4 + j];
            StoreValue(left.GetLower().GetLower(), right.GetLower().GetLower(), outputs, j);
            StoreValue(left.GetLower().GetUpper(), right.GetLower().GetUpper(), outputs, 4 + j);
            StoreValue(left.GetUpper().GetLower(), right.GetUpper().GetLower(), outputs, 8 + j);
            StoreValue(left.GetUpper().GetUpper(), right.GetUpper().GetUpper(), outputs, 12 + j);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreValue(Vector128<uint> left, Vector128<uint> right, Span<byte> outputs, int lane) =>
        Vector256.Create(left, right).AsByte().CopyTo(outputs[(lane * Definition.DigestSizeBytes)..]);

    /// <summary>Transposes the 4 x 4 words that four vectors hold in each of their 128-bit quarters.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose4x4(
        ref Vector512<uint> a, ref Vector512<uint> b, ref Vector512<uint> c, ref Vector512<uint> d)
    {
        Vector512<ulong> abLow = Avx512F.UnpackLow(a, b).AsUInt64();
        Vector512<ulong> abHigh = Avx512F.UnpackHigh(a, b).AsUInt64();
        Vector512<ulong> cdLow = Avx512F.UnpackLow(c, d).AsUInt64();
        Vector512<ulong> cdHigh = Avx512F.UnpackHigh(c, d).AsUInt64();
        a = Avx512F.UnpackLow(abLow, cdLow).AsUInt32();
        b = Avx512F.UnpackHigh(abLow, cdLow).AsUInt32();
        c = Avx512F.UnpackLow(abHigh, cdHigh).AsUInt32();
        d = Avx512F.UnpackHigh(abHigh, cdHigh).AsUInt32();
    }

    /// <summary>Transposes the 4 x 4 quarters of 128 bits that four vectors hold.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TransposeQuarters(
        ref Vector512<uint> a, ref Vector512<uint> b, ref Vector512<uint> c, ref Vector512<uint> d)
    {
        // Of both operands, the quarters 0 and 2, or 1 and 3.
        const byte Even = 0b10_00_10_00;
        const byte Odd = 0b11_01_11_01;
        Vector512<uint> abEven = Avx512F.Shuffle4x128(a, b, Even);
        Vector512<uint> abOdd = Avx512F.Shuffle4x128(a, b, Odd);
        Vector512<uint> cdEven = Avx512F.Shuffle4x128(c, d, Even);
        Vector512<uint> cdOdd = Avx512F.Shuffle4x128(c, d, Odd);
        a = Avx512F.Shuffle4x128(abEven, cdEven, Even);
        b = Avx512F.Shuffle4x128(abOdd, cdOdd, Even);
        c = Avx512F.Shuffle4x128(abEven, cdEven, Odd);
        d = Avx512F.Shuffle4x128(abOdd, cdOdd, Odd);
    }
}
