using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace HyperVBackup.Blake3;

/// <summary>
/// Sixteen lanes in vectors of 512 bits. While one block of every lane is compressed, the next one is transposed beside
/// it: compressing needs one of the CPU's two 512-bit units more than the other, transposing the other one, and neither
/// has to wait for the other's results. The sixteen words of the state and the vectors in work fit the 32 registers;
/// the message words come from the stack.
/// </summary>
internal static class Avx512Lanes
{
    public const int Width = 16;

    private const int TransposeStepCount = 8;

    /// <summary>Hashes up to sixteen lanes. Writes sixteen values; those without a lane mean nothing.</summary>
    [SkipLocalsInit]
    public static void Hash(scoped in LaneWork work, int laneCount, Span<byte> outputs)
    {
        // Two sets of message words: one in use, and one being made for the next block.
        ref Vector512<uint> words = ref Aligned(stackalloc Vector512<uint>[(2 * Definition.WordsPerBlock) + 1]);
        ref nint rows = ref RowStarts(work, laneCount, stackalloc nint[Width]);
        ref byte input = ref MemoryMarshal.GetReference(work.Input);
        for (int step = 0; step < TransposeStepCount; step++)
        {
            Transpose(step, ref input, ref rows, ref words);
        }
        (Vector512<uint> counterLow, Vector512<uint> counterHigh) = Counters(work);
        ReadOnlySpan<uint> key = work.KeyWords[..Definition.KeyWordCount];
        Vector512<uint> v0 = Vector512.Create(key[0]), v1 = Vector512.Create(key[1]);
        Vector512<uint> v2 = Vector512.Create(key[2]), v3 = Vector512.Create(key[3]);
        Vector512<uint> v4 = Vector512.Create(key[4]), v5 = Vector512.Create(key[5]);
        Vector512<uint> v6 = Vector512.Create(key[6]), v7 = Vector512.Create(key[7]);
        int lastIndex = work.BlockCount - 1;
        for (int blockIndex = 0; blockIndex <= lastIndex; blockIndex++)
        {
            ref Vector512<uint> w = ref Unsafe.Add(ref words, (blockIndex & 1) * Definition.WordsPerBlock);
            ref Vector512<uint> next = ref Unsafe.Add(ref words, (~blockIndex & 1) * Definition.WordsPerBlock);
            // Beside the last block it is loaded once more, in vain.
            int nextIndex = Math.Min(blockIndex + 1, lastIndex);
            ref byte nextBlock = ref Unsafe.Add(ref input, nextIndex * Definition.BlockSizeBytes);
            Compress(
                ref v0, ref v1, ref v2, ref v3, ref v4, ref v5, ref v6, ref v7,
                counterLow, counterHigh, work.FlagsOf(blockIndex), ref w, ref nextBlock, ref rows, ref next);
        }
        StoreValues(v0, v1, v2, v3, v4, v5, v6, v7, outputs);
    }

    /// <summary>
    /// The first vector of <paramref name="space"/>, which is on the stack, whose address is a multiple of its size: a
    /// vector that straddles two cache lines takes twice as long to load. One vector of the space is lost.
    /// </summary>
    private static unsafe ref Vector512<uint> Aligned(Span<Vector512<uint>> space)
    {
        ref byte start = ref Unsafe.As<Vector512<uint>, byte>(ref MemoryMarshal.GetReference(space));
        nuint overBytes = (nuint)Unsafe.AsPointer(ref start) % (nuint)sizeof(Vector512<uint>);
        ref byte aligned = ref Unsafe.AddByteOffset(ref start, (nuint)sizeof(Vector512<uint>) - overBytes);
        return ref Unsafe.As<byte, Vector512<uint>>(ref aligned);
    }

    /// <summary>
    /// Where in the input each lane's run starts; rows without a lane read the last lane's run. What the lanes are
    /// going to read is held against the input's length here, once.
    /// </summary>
    private static ref nint RowStarts(scoped in LaneWork work, int laneCount, Span<nint> starts)
    {
        for (int row = 0; row < starts.Length; row++)
        {
            starts[row] = Math.Min(row, laneCount - 1) * work.StrideBytes;
        }
        _ = work.Input.Slice((int)starts[^1], work.BlockCount * Definition.BlockSizeBytes);
        return ref MemoryMarshal.GetReference(starts);
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

    /// <summary>
    /// Compresses one block of every lane into the chaining values <paramref name="v0"/> to <paramref name="v7"/>.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Compress(
        ref Vector512<uint> v0, ref Vector512<uint> v1, ref Vector512<uint> v2, ref Vector512<uint> v3,
        ref Vector512<uint> v4, ref Vector512<uint> v5, ref Vector512<uint> v6, ref Vector512<uint> v7,
        Vector512<uint> counterLow, Vector512<uint> counterHigh, BlockFlags flags,
        ref Vector512<uint> words, ref byte nextBlock, ref nint rows, ref Vector512<uint> nextWords)
    {
        Vector512<uint> v8 = Vector512.Create(Definition.Initial0), v9 = Vector512.Create(Definition.Initial1);
        Vector512<uint> v10 = Vector512.Create(Definition.Initial2), v11 = Vector512.Create(Definition.Initial3);
        Vector512<uint> v12 = counterLow, v13 = counterHigh;
        Vector512<uint> v14 = Vector512.Create((uint)Definition.BlockSizeBytes);
        Vector512<uint> v15 = Vector512.Create((uint)flags);
        Round(
            ref v0, ref v1, ref v2, ref v3, ref v4, ref v5, ref v6, ref v7,
            ref v8, ref v9, ref v10, ref v11, ref v12, ref v13, ref v14, ref v15,
            ref words, 0, ref nextBlock, ref rows, ref nextWords);
        Round(
            ref v0, ref v1, ref v2, ref v3, ref v4, ref v5, ref v6, ref v7,
            ref v8, ref v9, ref v10, ref v11, ref v12, ref v13, ref v14, ref v15,
            ref words, 1, ref nextBlock, ref rows, ref nextWords);
        Round(
            ref v0, ref v1, ref v2, ref v3, ref v4, ref v5, ref v6, ref v7,
            ref v8, ref v9, ref v10, ref v11, ref v12, ref v13, ref v14, ref v15,
            ref words, 2, ref nextBlock, ref rows, ref nextWords);
        Round(
            ref v0, ref v1, ref v2, ref v3, ref v4, ref v5, ref v6, ref v7,
            ref v8, ref v9, ref v10, ref v11, ref v12, ref v13, ref v14, ref v15,
            ref words, 3, ref nextBlock, ref rows, ref nextWords);
        Round(
            ref v0, ref v1, ref v2, ref v3, ref v4, ref v5, ref v6, ref v7,
            ref v8, ref v9, ref v10, ref v11, ref v12, ref v13, ref v14, ref v15,
            ref words, 4, ref nextBlock, ref rows, ref nextWords);
        Round(
            ref v0, ref v1, ref v2, ref v3, ref v4, ref v5, ref v6, ref v7,
            ref v8, ref v9, ref v10, ref v11, ref v12, ref v13, ref v14, ref v15,
            ref words, 5, ref nextBlock, ref rows, ref nextWords);
        Round(
            ref v0, ref v1, ref v2, ref v3, ref v4, ref v5, ref v6, ref v7,
            ref v8, ref v9, ref v10, ref v11, ref v12, ref v13, ref v14, ref v15,
            ref words, 6, ref nextBlock, ref rows, ref nextWords);
        (v0, v1, v2, v3) = (v0 ^ v8, v1 ^ v9, v2 ^ v10, v3 ^ v11);
        (v4, v5, v6, v7) = (v4 ^ v12, v5 ^ v13, v6 ^ v14, v7 ^ v15);
    }

    /// <summary>Mixes the columns, then the diagonals. Each vector holds the same word of all lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Round(
        ref Vector512<uint> v0, ref Vector512<uint> v1, ref Vector512<uint> v2, ref Vector512<uint> v3,
        ref Vector512<uint> v4, ref Vector512<uint> v5, ref Vector512<uint> v6, ref Vector512<uint> v7,
        ref Vector512<uint> v8, ref Vector512<uint> v9, ref Vector512<uint> v10, ref Vector512<uint> v11,
        ref Vector512<uint> v12, ref Vector512<uint> v13, ref Vector512<uint> v14, ref Vector512<uint> v15,
        ref Vector512<uint> words, int round, ref byte nextBlock, ref nint rows, ref Vector512<uint> nextWords)
    {
        Mix(
            ref v0, ref v1, ref v2, ref v3, ref v4, ref v5, ref v6, ref v7,
            ref v8, ref v9, ref v10, ref v11, ref v12, ref v13, ref v14, ref v15,
            ref words, round * Definition.WordsPerBlock);
        Transpose(2 * round, ref nextBlock, ref rows, ref nextWords);
        Mix(
            ref v0, ref v1, ref v2, ref v3, ref v5, ref v6, ref v7, ref v4,
            ref v10, ref v11, ref v8, ref v9, ref v15, ref v12, ref v13, ref v14,
            ref words, (round * Definition.WordsPerBlock) + (Definition.WordsPerBlock / 2));
        Transpose((2 * round) + 1, ref nextBlock, ref rows, ref nextWords);
    }

    /// <summary>
    /// Mixes four columns or diagonals at once, step by step: the four operations of a step do not wait for each other.
    /// The round is a constant where this is inlined, so the words' places in memory are constants as well.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Mix(
        ref Vector512<uint> a0, ref Vector512<uint> a1, ref Vector512<uint> a2, ref Vector512<uint> a3,
        ref Vector512<uint> b0, ref Vector512<uint> b1, ref Vector512<uint> b2, ref Vector512<uint> b3,
        ref Vector512<uint> c0, ref Vector512<uint> c1, ref Vector512<uint> c2, ref Vector512<uint> c3,
        ref Vector512<uint> d0, ref Vector512<uint> d1, ref Vector512<uint> d2, ref Vector512<uint> d3,
        ref Vector512<uint> words,
        int place)
    {
        AddWords(ref a0, ref a1, ref a2, ref a3, ref words, place);
        Add(ref a0, ref a1, ref a2, ref a3, b0, b1, b2, b3);
        XorRotate(ref d0, ref d1, ref d2, ref d3, a0, a1, a2, a3, 16);
        Add(ref c0, ref c1, ref c2, ref c3, d0, d1, d2, d3);
        XorRotate(ref b0, ref b1, ref b2, ref b3, c0, c1, c2, c3, 12);
        AddWords(ref a0, ref a1, ref a2, ref a3, ref words, place + 1);
        Add(ref a0, ref a1, ref a2, ref a3, b0, b1, b2, b3);
        XorRotate(ref d0, ref d1, ref d2, ref d3, a0, a1, a2, a3, 8);
        Add(ref c0, ref c1, ref c2, ref c3, d0, d1, d2, d3);
        XorRotate(ref b0, ref b1, ref b2, ref b3, c0, c1, c2, c3, 7);
    }

    /// <summary>
    /// Adds the message words whose turn it is at every other place from <paramref name="place"/> on.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddWords(
        ref Vector512<uint> a0, ref Vector512<uint> a1, ref Vector512<uint> a2, ref Vector512<uint> a3,
        ref Vector512<uint> words, int place)
    {
        ReadOnlySpan<byte> schedule = Definition.MessageSchedule;
        a0 += Unsafe.Add(ref words, (nint)schedule[place]);
        a1 += Unsafe.Add(ref words, (nint)schedule[place + 2]);
        a2 += Unsafe.Add(ref words, (nint)schedule[place + 4]);
        a3 += Unsafe.Add(ref words, (nint)schedule[place + 6]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(
        ref Vector512<uint> a0, ref Vector512<uint> a1, ref Vector512<uint> a2, ref Vector512<uint> a3,
        Vector512<uint> b0, Vector512<uint> b1, Vector512<uint> b2, Vector512<uint> b3)
    {
        a0 += b0;
        a1 += b1;
        a2 += b2;
        a3 += b3;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void XorRotate(
        ref Vector512<uint> a0, ref Vector512<uint> a1, ref Vector512<uint> a2, ref Vector512<uint> a3,
        Vector512<uint> b0, Vector512<uint> b1, Vector512<uint> b2, Vector512<uint> b3,
        [ConstantExpected] byte count)
    {
        (a0, a1, a2, a3) = (a0 ^ b0, a1 ^ b1, a2 ^ b2, a3 ^ b3);
        a0 = Avx512F.RotateRight(a0, count);
        a1 = Avx512F.RotateRight(a1, count);
        a2 = Avx512F.RotateRight(a2, count);
        a3 = Avx512F.RotateRight(a3, count);
    }

    /// <summary>
    /// One of the eight steps that turn sixteen blocks, one to a row, into sixteen words, each across all rows. Higher
    /// steps do nothing.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose(int step, ref byte block, ref nint rows, ref Vector512<uint> words)
    {
        if (step < 4)
        {
            LoadRows(ref block, ref rows, 4 * step, ref words);
        }
        else if (step < TransposeStepCount)
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
    /// Writes each lane's eight words together, two lanes to a vector: a parent reads such a pair as one block, which
    /// is quickest when it was written as one.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreValues(
        Vector512<uint> v0, Vector512<uint> v1, Vector512<uint> v2, Vector512<uint> v3,
        Vector512<uint> v4, Vector512<uint> v5, Vector512<uint> v6, Vector512<uint> v7,
        Span<byte> outputs)
    {
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
