using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace HyperVBackup.Blake3;

/// <summary>
/// The compression of one block with the state's four rows in four vectors of 128 bits: all columns are mixed at once,
/// and after rotating the rows against each other all diagonals. For what has no neighbour to share vectors with.
/// </summary>
internal static class Vector128Block
{
    /// <summary>
    /// Replaces the eight words of <paramref name="chaining"/> by those after <paramref name="block"/>.
    /// </summary>
    public static void Compress(
        Span<uint> chaining, ReadOnlySpan<byte> block, int blockLengthBytes, ulong counter, BlockFlags flags)
    {
        Vector128<uint> row0 = Vector128.Create<uint>(chaining);
        Vector128<uint> row1 = Vector128.Create<uint>(chaining[4..]);
        Vector128<uint> row2 = Vector128.Create(
            Definition.Initial0, Definition.Initial1, Definition.Initial2, Definition.Initial3);
        Vector128<uint> row3 = Vector128.Create(
            unchecked((uint)counter), (uint)(counter >> 32), (uint)blockLengthBytes, (uint)flags);
        ref uint w = ref Unsafe.As<byte, uint>(
            ref MemoryMarshal.GetReference(block[..Definition.BlockSizeBytes]));
        ref byte s = ref MemoryMarshal.GetReference(Definition.MessageSchedule);
        for (int round = 0; round < Definition.RoundCount; round++)
        {
            Mix(ref row0, ref row1, ref row2, ref row3, Words(ref w, ref s, 0), Words(ref w, ref s, 1));
            row1 = Vector128.Shuffle(row1, Vector128.Create(1u, 2, 3, 0));
            row2 = Vector128.Shuffle(row2, Vector128.Create(2u, 3, 0, 1));
            row3 = Vector128.Shuffle(row3, Vector128.Create(3u, 0, 1, 2));
            Mix(ref row0, ref row1, ref row2, ref row3, Words(ref w, ref s, 8), Words(ref w, ref s, 9));
            row1 = Vector128.Shuffle(row1, Vector128.Create(3u, 0, 1, 2));
            row2 = Vector128.Shuffle(row2, Vector128.Create(2u, 3, 0, 1));
            row3 = Vector128.Shuffle(row3, Vector128.Create(1u, 2, 3, 0));
            s = ref Unsafe.Add(ref s, Definition.WordsPerBlock);
        }
        (row0 ^ row2).CopyTo(chaining);
        (row1 ^ row3).CopyTo(chaining[4..]);
    }

    /// <summary>
    /// The words whose turn it is at every other place of the round from <paramref name="place"/> on.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> Words(ref uint words, ref byte schedule, int place) => Vector128.Create(
        Unsafe.Add(ref words, (nint)Unsafe.Add(ref schedule, place)),
        Unsafe.Add(ref words, (nint)Unsafe.Add(ref schedule, place + 2)),
        Unsafe.Add(ref words, (nint)Unsafe.Add(ref schedule, place + 4)),
        Unsafe.Add(ref words, (nint)Unsafe.Add(ref schedule, place + 6)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Mix(
        ref Vector128<uint> a,
        ref Vector128<uint> b,
        ref Vector128<uint> c,
        ref Vector128<uint> d,
        Vector128<uint> wordsX,
        Vector128<uint> wordsY)
    {
        a = a + wordsX + b;
        d = Vector128Lanes.RotateRight16(d ^ a);
        c += d;
        b = Vector128Lanes.RotateRight(b ^ c, 12);
        a = a + wordsY + b;
        d = Vector128Lanes.RotateRight8(d ^ a);
        c += d;
        b = Vector128Lanes.RotateRight(b ^ c, 7);
    }
}
