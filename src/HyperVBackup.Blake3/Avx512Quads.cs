using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace HyperVBackup.Blake3;

/// <summary>
/// Up to four lanes in vectors of 512 bits, one to a quarter: there the state's four rows lie in four vectors, and all
/// columns are mixed at once, then all diagonals. A block takes some 250 cycles, whether of one lane or of four, and
/// in <see cref="Avx512Lanes"/> some 430 for sixteen. So this is for what has few neighbours: a single page, which
/// takes half the time it takes in vectors of 128 bits, and the tops of trees.
/// </summary>
internal static class Avx512Quads
{
    public const int Width = 4;

    private const int WordsPerRow = 4;
    private const ulong All = ulong.MaxValue;

    // Rotations of each quarter's four words: element i is taken from i + 1, i + 2, or i + 3.
    private const byte FromNext = 0b00_11_10_01;
    private const byte FromOpposite = 0b01_00_11_10;
    private const byte FromPrevious = 0b10_01_00_11;

    // Of two operands, in each quarter: the words 0 and 2 of both, or 1 and 3.
    private const byte EvenWords = 0b10_00_10_00;
    private const byte OddWords = 0b11_01_11_01;

    private static readonly MessagePermutation permutation = new();

    /// <summary>Hashes up to four lanes. Writes four values; those without a lane mean nothing.</summary>
    [SkipLocalsInit]
    public static void Hash(scoped in LaneWork work, int laneCount, Span<byte> outputs)
    {
        Vector512<uint> row0 = InEachQuarter(Vector128.Create(work.KeyWords));
        Vector512<uint> row1 = InEachQuarter(Vector128.Create(work.KeyWords[WordsPerRow..]));
        Vector512<uint> counters = Counters(work);
        Vector512<ulong> sizesAndFlags = Vector512.Create(0, All, 0, All, 0, All, 0, All);
        for (int blockIndex = 0; blockIndex < work.BlockCount; blockIndex++)
        {
            ulong sizeAndFlags = work.SizeOf(blockIndex) | ((ulong)work.FlagsOf(blockIndex) << 32);
            Vector512<uint> row3 = counters | (Vector512.Create(sizeAndFlags) & sizesAndFlags).AsUInt32();
            Vector512<uint> words0 = LoadBlock(work, laneCount, 0, blockIndex);
            Vector512<uint> words4 = LoadBlock(work, laneCount, 1, blockIndex);
            Vector512<uint> words8 = LoadBlock(work, laneCount, 2, blockIndex);
            Vector512<uint> words12 = LoadBlock(work, laneCount, 3, blockIndex);
            Avx512Transposition.TransposeQuarters(ref words0, ref words4, ref words8, ref words12);
            Compress(ref row0, ref row1, row3, words0, words4, words8, words12);
        }
        Store(row0, row1, outputs);
    }

    /// <summary>Each quarter's low and high half of its lane's counter, and two zeros.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Counters(scoped in LaneWork work)
    {
        Vector512<ulong> lanes = Vector512.Create(0ul, 0, 1, 0, 2, 0, 3, 0);
        Vector512<ulong> counters = (Vector512.Create(work.FirstCounter) + lanes) & Vector512.Create(work.CounterMask);
        return (counters & Vector512.Create(All, 0, All, 0, All, 0, All, 0)).AsUInt32();
    }

    /// <summary>A lane's block, with bounds checked; where there is no lane, the last one's.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> LoadBlock(scoped in LaneWork work, int laneCount, int lane, int blockIndex)
    {
        int atBytes = (Math.Min(lane, laneCount - 1) * work.StrideBytes) + (blockIndex * Definition.BlockSizeBytes);
        return Vector512.Create(work.Input[atBytes..]).AsUInt32();
    }

    /// <summary>
    /// Compresses one block of every lane. Between columns and diagonals all rows but <c>row1</c> are rotated, which is
    /// the one that is ready last: so no operation waits for a rotation.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Compress(
        ref Vector512<uint> chaining0, ref Vector512<uint> chaining1, Vector512<uint> row3,
        Vector512<uint> words0, Vector512<uint> words4, Vector512<uint> words8, Vector512<uint> words12)
    {
        Vector512<uint> row0 = chaining0, row1 = chaining1;
        Vector512<uint> row2 = InEachQuarter(Vector128.Create(
            Definition.Initial0, Definition.Initial1, Definition.Initial2, Definition.Initial3));
        Vector512<uint> columnsX = Select(words0, words4, EvenWords), columnsY = Select(words0, words4, OddWords);
        Vector512<uint> diagonalsX = Avx512F.Shuffle(Select(words8, words12, EvenWords), FromPrevious);
        Vector512<uint> diagonalsY = Avx512F.Shuffle(Select(words8, words12, OddWords), FromPrevious);
        MessagePermutation next = permutation;
        for (int round = 0; round < Definition.RoundCount; round++)
        {
            Mix(ref row0, ref row1, ref row2, ref row3, columnsX, columnsY);
            row0 = Avx512F.Shuffle(row0, FromPrevious);
            row2 = Avx512F.Shuffle(row2, FromNext);
            row3 = Avx512F.Shuffle(row3, FromOpposite);
            Mix(ref row0, ref row1, ref row2, ref row3, diagonalsX, diagonalsY);
            row0 = Avx512F.Shuffle(row0, FromNext);
            row2 = Avx512F.Shuffle(row2, FromPrevious);
            row3 = Avx512F.Shuffle(row3, FromOpposite);
            next.Apply(ref columnsX, ref columnsY, ref diagonalsX, ref diagonalsY);
        }
        chaining0 = row0 ^ row2;
        chaining1 = row1 ^ row3;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> InEachQuarter(Vector128<uint> words)
    {
        Vector512<uint> first = words.ToVector256Unsafe().ToVector512Unsafe();
        return Avx512F.Shuffle4x128(first, first, 0);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Select(
        Vector512<uint> lower, Vector512<uint> upper, [ConstantExpected] byte words) =>
        Avx512F.Shuffle(lower.AsSingle(), upper.AsSingle(), words).AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Mix(
        ref Vector512<uint> a, ref Vector512<uint> b, ref Vector512<uint> c, ref Vector512<uint> d,
        Vector512<uint> wordsX, Vector512<uint> wordsY)
    {
        a = a + wordsX + b;
        d = Avx512F.RotateRight(d ^ a, 16);
        c += d;
        b = Avx512F.RotateRight(b ^ c, 12);
        a = a + wordsY + b;
        d = Avx512F.RotateRight(d ^ a, 8);
        c += d;
        b = Avx512F.RotateRight(b ^ c, 7);
    }

    /// <summary>Writes each lane's eight words together, two lanes to a vector: a parent's block is stored as one.
    /// </summary>
    private static void Store(Vector512<uint> row0, Vector512<uint> row1, Span<byte> outputs)
    {
        Vector512<ulong> half0 = row0.AsUInt64(), half1 = row1.AsUInt64();
        Vector512<ulong> lanes01 = Vector512.Create(0ul, 1, 8, 9, 2, 3, 10, 11);
        Vector512<ulong> lanes23 = Vector512.Create(4ul, 5, 12, 13, 6, 7, 14, 15);
        Avx512F.PermuteVar8x64x2(half0, lanes01, half1).AsByte().CopyTo(outputs);
        Avx512F.PermuteVar8x64x2(half0, lanes23, half1).AsByte().CopyTo(outputs[(2 * Definition.DigestSizeBytes)..]);
    }
}
