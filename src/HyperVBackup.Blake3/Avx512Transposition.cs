using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace HyperVBackup.Blake3;

/// <summary>
/// The way between rows, which hold one lane's words each, and vectors of the same word of sixteen lanes.
/// </summary>
internal static class Avx512Transposition
{
    public const int StepCount = FirstShuffleStep + QuarterCount;

    private const int RowsPerStep = 2;
    private const int CopyStepCount = Avx512Lanes.Width / RowsPerStep;

    // Two steps after the last copy: what has been stored in four parts can be loaded as one only once it has left the
    // store buffer for the cache.
    private const int FirstShuffleStep = CopyStepCount + 2;

    // To the same block of the next group, if it is one of whole chunks. Sixteen streams are too many for the CPU to
    // foresee: what is read from memory takes 30 % less time with this; what is in the second-level cache, 1 % more.
    private const int PrefetchAheadBytes = Avx512Lanes.Width * Definition.ChunkSizeBytes;

    // A vector's quarters are of 128 bits, four words.
    private const int QuarterCount = 4;

    /// <summary>
    /// One of the steps that turn sixteen blocks, one to a row, into sixteen words, each across all rows: the quarters
    /// of the rows change places while they are copied, and within the quarters the words do by shuffling. Only one of
    /// the CPU's two 512-bit units shuffles, so to copy a quarter, which takes neither, is better: 32 shuffles a block
    /// instead of 64 save 3 to 4 % of all time. To copy single words would do without any, which is another 3 % less on
    /// an idle core, but slower than shuffling on one whose other hardware thread is busy, for so many stores.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Step(int step, ref byte block, ref nint rows, ref Vector512<uint> words)
    {
        if (step < CopyStepCount)
        {
            CopyRow(ref block, ref rows, RowsPerStep * step, ref words);
            CopyRow(ref block, ref rows, (RowsPerStep * step) + 1, ref words);
        }
        else if (step >= FirstShuffleStep)
        {
            ShuffleWords(QuarterCount * (step - FirstShuffleStep), ref words);
        }
    }

    /// <summary>
    /// The first half of the way, for the row 4 i + j: its quarter k becomes the quarter i of the vector 4 k + j.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyRow(ref byte block, ref nint rows, int row, ref Vector512<uint> words)
    {
        ref byte source = ref Unsafe.AddByteOffset(ref block, Unsafe.Add(ref rows, row));
        Prefetch(ref source);
        ref Vector128<byte> target = ref Unsafe.As<Vector512<uint>, Vector128<byte>>(ref words);
        int at = (QuarterCount * (row % QuarterCount)) + (row / QuarterCount);
        Unsafe.Add(ref target, at) = Vector128.LoadUnsafe(ref source, 0);
        Unsafe.Add(ref target, at + 16) = Vector128.LoadUnsafe(ref source, 16);
        Unsafe.Add(ref target, at + 32) = Vector128.LoadUnsafe(ref source, 32);
        Unsafe.Add(ref target, at + 48) = Vector128.LoadUnsafe(ref source, 48);
    }

    /// <summary>Asks for what will be read much later; where nothing is there to be read, this does nothing.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe void Prefetch(ref byte source) =>
        Sse.Prefetch0(unchecked((byte*)Unsafe.AsPointer(ref source) + PrefetchAheadBytes));

    /// <summary>The second half, for one k: the vectors from 4 k on come to hold the four words from 4 k on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void ShuffleWords(int first, ref Vector512<uint> words)
    {
        Vector512<uint> w0 = Unsafe.Add(ref words, first);
        Vector512<uint> w1 = Unsafe.Add(ref words, first + 1);
        Vector512<uint> w2 = Unsafe.Add(ref words, first + 2);
        Vector512<uint> w3 = Unsafe.Add(ref words, first + 3);
        Transpose4x4(ref w0, ref w1, ref w2, ref w3);
        Unsafe.Add(ref words, first) = w0;
        Unsafe.Add(ref words, first + 1) = w1;
        Unsafe.Add(ref words, first + 2) = w2;
        Unsafe.Add(ref words, first + 3) = w3;
    }

    /// <summary>
    /// Makes parents' blocks of their children's values: the words of the even lanes, of <paramref name="left"/> and
    /// then of <paramref name="right"/>, followed by those of the odd ones.
    /// </summary>
    public static void Pair(
        ReadOnlySpan<Vector512<uint>> left, ReadOnlySpan<Vector512<uint>> right, ref Vector512<uint> words)
    {
        Vector512<uint> evenLanes = Vector512<uint>.Indices * 2;
        Vector512<uint> oddLanes = evenLanes + Vector512<uint>.One;
        for (int i = 0; i < Definition.KeyWordCount; i++)
        {
            Unsafe.Add(ref words, i) = Avx512F.PermuteVar16x32x2(left[i], evenLanes, right[i]);
            Unsafe.Add(ref words, Definition.KeyWordCount + i) =
                Avx512F.PermuteVar16x32x2(left[i], oddLanes, right[i]);
        }
    }

    /// <summary>
    /// Writes each lane's eight words together, two lanes to a vector: a parent reads such a pair as one block, which
    /// is quickest when it was written as one.
    /// </summary>
    public static void StoreValues(ReadOnlySpan<Vector512<uint>> values, Span<byte> outputs)
    {
        Vector512<uint> v0 = values[0], v1 = values[1], v2 = values[2], v3 = values[3];
        Vector512<uint> v4 = values[4], v5 = values[5], v6 = values[6], v7 = values[7];
        // Now the quarters k of vj and v(4 + j) are the halves of lane 4 k + j.
        Transpose4x4(ref v0, ref v1, ref v2, ref v3);
        Transpose4x4(ref v4, ref v5, ref v6, ref v7);
        TransposeQuarters(ref v0, ref v4, ref v1, ref v5);
        TransposeQuarters(ref v2, ref v6, ref v3, ref v7);
        StorePair(v0, outputs, 0);
        StorePair(v2, outputs, 2);
        StorePair(v4, outputs, 4);
        StorePair(v6, outputs, 6);
        StorePair(v1, outputs, 8);
        StorePair(v3, outputs, 10);
        StorePair(v5, outputs, 12);
        StorePair(v7, outputs, 14);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StorePair(Vector512<uint> pair, Span<byte> outputs, int lane) =>
        pair.AsByte().CopyTo(outputs[(lane * Definition.DigestSizeBytes)..]);

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
    public static void TransposeQuarters(
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
