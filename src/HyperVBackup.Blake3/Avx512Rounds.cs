using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace HyperVBackup.Blake3;

/// <summary>
/// The compression of one block in each of sixteen lanes; every vector holds the same word of all of them. All is
/// inlined into one straight run of instructions, so that the sixteen words of the state stay in registers; the message
/// words are added from memory, which takes no instruction of its own.
/// </summary>
internal static class Avx512Rounds
{
    /// <summary>
    /// Compresses one block of every lane into the chaining values <paramref name="v0"/> to <paramref name="v7"/>.
    /// Where <paramref name="hasNext"/> says so, which must be a constant, the next block is transposed beside it.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Compress(
        ref Vector512<uint> v0, ref Vector512<uint> v1, ref Vector512<uint> v2, ref Vector512<uint> v3,
        ref Vector512<uint> v4, ref Vector512<uint> v5, ref Vector512<uint> v6, ref Vector512<uint> v7,
        Vector512<uint> counterLow, Vector512<uint> counterHigh, uint sizeBytes, BlockFlags flags,
        ref Vector512<uint> words,
        bool hasNext, ref byte nextBlock, ref nint rows, ref Vector512<uint> nextWords)
    {
        Vector512<uint> v8 = Vector512.Create(Definition.Initial0), v9 = Vector512.Create(Definition.Initial1);
        Vector512<uint> v10 = Vector512.Create(Definition.Initial2), v11 = Vector512.Create(Definition.Initial3);
        Vector512<uint> v12 = counterLow, v13 = counterHigh;
        Vector512<uint> v14 = Vector512.Create(sizeBytes);
        Vector512<uint> v15 = Vector512.Create((uint)flags);
        Round(
            ref v0, ref v1, ref v2, ref v3, ref v4, ref v5, ref v6, ref v7,
            ref v8, ref v9, ref v10, ref v11, ref v12, ref v13, ref v14, ref v15,
            ref words, 0, hasNext, ref nextBlock, ref rows, ref nextWords);
        Round(
            ref v0, ref v1, ref v2, ref v3, ref v4, ref v5, ref v6, ref v7,
            ref v8, ref v9, ref v10, ref v11, ref v12, ref v13, ref v14, ref v15,
            ref words, 1, hasNext, ref nextBlock, ref rows, ref nextWords);
        Round(
            ref v0, ref v1, ref v2, ref v3, ref v4, ref v5, ref v6, ref v7,
            ref v8, ref v9, ref v10, ref v11, ref v12, ref v13, ref v14, ref v15,
            ref words, 2, hasNext, ref nextBlock, ref rows, ref nextWords);
        Round(
            ref v0, ref v1, ref v2, ref v3, ref v4, ref v5, ref v6, ref v7,
            ref v8, ref v9, ref v10, ref v11, ref v12, ref v13, ref v14, ref v15,
            ref words, 3, hasNext, ref nextBlock, ref rows, ref nextWords);
        Round(
            ref v0, ref v1, ref v2, ref v3, ref v4, ref v5, ref v6, ref v7,
            ref v8, ref v9, ref v10, ref v11, ref v12, ref v13, ref v14, ref v15,
            ref words, 4, hasNext, ref nextBlock, ref rows, ref nextWords);
        Round(
            ref v0, ref v1, ref v2, ref v3, ref v4, ref v5, ref v6, ref v7,
            ref v8, ref v9, ref v10, ref v11, ref v12, ref v13, ref v14, ref v15,
            ref words, 5, hasNext, ref nextBlock, ref rows, ref nextWords);
        Round(
            ref v0, ref v1, ref v2, ref v3, ref v4, ref v5, ref v6, ref v7,
            ref v8, ref v9, ref v10, ref v11, ref v12, ref v13, ref v14, ref v15,
            ref words, 6, hasNext, ref nextBlock, ref rows, ref nextWords);
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
        ref Vector512<uint> words, int round,
        bool hasNext, ref byte nextBlock, ref nint rows, ref Vector512<uint> nextWords)
    {
        Mix(
            ref v0, ref v1, ref v2, ref v3, ref v4, ref v5, ref v6, ref v7,
            ref v8, ref v9, ref v10, ref v11, ref v12, ref v13, ref v14, ref v15,
            ref words, round * Definition.WordsPerBlock);
        if (hasNext)
        {
            Avx512Transposition.Step(2 * round, ref nextBlock, ref rows, ref nextWords);
        }
        Mix(
            ref v0, ref v1, ref v2, ref v3, ref v5, ref v6, ref v7, ref v4,
            ref v10, ref v11, ref v8, ref v9, ref v15, ref v12, ref v13, ref v14,
            ref words, (round * Definition.WordsPerBlock) + (Definition.WordsPerBlock / 2));
        if (hasNext)
        {
            Avx512Transposition.Step((2 * round) + 1, ref nextBlock, ref rows, ref nextWords);
        }
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
        // Not as one assignment of four: its temporaries are so many in all that the compiler stops inlining.
        a0 = Avx512F.RotateRight(a0 ^ b0, count);
        a1 = Avx512F.RotateRight(a1 ^ b1, count);
        a2 = Avx512F.RotateRight(a2 ^ b2, count);
        a3 = Avx512F.RotateRight(a3 ^ b3, count);
    }
}
