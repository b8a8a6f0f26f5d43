using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace HyperVBackup.Blake3;

/// <summary>
/// The way between rows, which hold one lane's words each, and vectors of the same word of sixteen lanes.
/// </summary>
internal static class Avx512Transposition
{
    public const int StepCount = 8;

    /// <summary>
    /// One of the eight steps that turn sixteen blocks, one to a row, into sixteen words, each across all rows. Higher
    /// steps do nothing.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Step(int step, ref byte block, ref nint rows, ref Vector512<uint> words)
    {
        if (step < 4)
        {
            LoadRows(ref block, ref rows, 4 * step, ref words);
        }
        else if (step < StepCount)
        {
            ExchangeQuarters(step - 4, ref words);
        }
    }

    /// <summary>
    /// The first half of the way, for one i: quarter k of the vector 4 i + j comes to hold the word 4 k + j of the rows
    /// 4 i to 4 i + 3.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void LoadRows(ref byte block, ref nint rows, int firstRow, ref Vector512<uint> words)
    {
        Vector512<uint> r0 = LoadRow(ref block, ref rows, firstRow);
        Vector512<uint> r1 = LoadRow(ref block, ref rows, firstRow + 1);
        Vector512<uint> r2 = LoadRow(ref block, ref rows, firstRow + 2);
        Vector512<uint> r3 = LoadRow(ref block, ref rows, firstRow + 3);
        Transpose4x4(ref r0, ref r1, ref r2, ref r3);
        Unsafe.Add(ref words, firstRow) = r0;
        Unsafe.Add(ref words, firstRow + 1) = r1;
        Unsafe.Add(ref words, firstRow + 2) = r2;
        Unsafe.Add(ref words, firstRow + 3) = r3;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> LoadRow(ref byte block, ref nint rows, int row) =>
        Vector512.LoadUnsafe(ref Unsafe.AddByteOffset(ref block, Unsafe.Add(ref rows, row))).AsUInt32();

    /// <summary>The second half, for one j: i and k change places.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void ExchangeQuarters(int j, ref Vector512<uint> words)
    {
        Vector512<uint> q0 = Unsafe.Add(ref words, j);
        Vector512<uint> q1 = Unsafe.Add(ref words, j + 4);
        Vector512<uint> q2 = Unsafe.Add(ref words, j + 8);
        Vector512<uint> q3 = Unsafe.Add(ref words, j + 12);
        TransposeQuarters(ref q0, ref q1, ref q2, ref q3);
        Unsafe.Add(ref words, j) = q0;
        Unsafe.Add(ref words, j + 4) = q1;
        Unsafe.Add(ref words, j + 8) = q2;
        Unsafe.Add(ref words, j + 12) = q3;
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
