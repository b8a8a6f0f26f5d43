using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace HyperVBackup.Blake3;

/// <summary>
/// Sixteen lanes in vectors of 512 bits. While one block of every lane is compressed, the next one is transposed beside
/// it: compressing asks more of one of the CPU's two 512-bit units, transposing of the other and of loads and stores,
/// and neither waits for the other's results.
/// </summary>
internal static class Avx512Lanes
{
    public const int Width = 16;

    /// <summary>Hashes up to sixteen lanes. Writes sixteen values; those without a lane mean nothing.</summary>
    [SkipLocalsInit]
    public static void Hash(scoped in LaneWork work, int laneCount, Span<byte> outputs)
    {
        Span<Vector512<uint>> values = stackalloc Vector512<uint>[Definition.KeyWordCount];
        HashGroups(work, laneCount, values);
        Avx512Transposition.StoreValues(values, outputs);
    }

    /// <summary>
    /// Hashes one group of up to sixteen lanes, or any number of full ones, into eight vectors a group: vector i holds
    /// the word i of all its lanes.
    /// </summary>
    [SkipLocalsInit]
    public static void HashGroups(scoped in LaneWork work, int laneCount, Span<Vector512<uint>> values)
    {
        // Two sets of message words: one in use, and one being made for the next block.
        ref Vector512<uint> words = ref Aligned(stackalloc Vector512<uint>[(2 * Definition.WordsPerBlock) + 1]);
        ref nint rows = ref RowStarts(work, laneCount, stackalloc nint[Width]);
        ref byte block = ref MemoryMarshal.GetReference(work.Input);
        for (int step = 0; step < Avx512Transposition.StepCount; step++)
        {
            Avx512Transposition.Step(step, ref block, ref rows, ref words);
        }
        int setIndex = 0;
        for (int lane = 0; lane < laneCount; lane += Width)
        {
            (Vector512<uint> counterLow, Vector512<uint> counterHigh) = Counters(work, lane);
            ReadOnlySpan<uint> key = work.KeyWords[..Definition.KeyWordCount];
            Vector512<uint> v0 = Vector512.Create(key[0]), v1 = Vector512.Create(key[1]);
            Vector512<uint> v2 = Vector512.Create(key[2]), v3 = Vector512.Create(key[3]);
            Vector512<uint> v4 = Vector512.Create(key[4]), v5 = Vector512.Create(key[5]);
            Vector512<uint> v6 = Vector512.Create(key[6]), v7 = Vector512.Create(key[7]);
            for (int blockIndex = 0; blockIndex < work.BlockCount; blockIndex++)
            {
                ref Vector512<uint> current = ref Unsafe.Add(ref words, setIndex * Definition.WordsPerBlock);
                setIndex ^= 1;
                ref Vector512<uint> next = ref Unsafe.Add(ref words, setIndex * Definition.WordsPerBlock);
                block = ref Unsafe.Add(ref block, NextBlockBytes(work, laneCount, lane, blockIndex));
                Avx512Rounds.Compress(
                    ref v0, ref v1, ref v2, ref v3, ref v4, ref v5, ref v6, ref v7,
                    counterLow, counterHigh, work.SizeOf(blockIndex), work.FlagsOf(blockIndex), ref current,
                    true, ref block, ref rows, ref next);
            }
            (values[0], values[1], values[2], values[3]) = (v0, v1, v2, v3);
            (values[4], values[5], values[6], values[7]) = (v4, v5, v6, v7);
            values = values[Definition.KeyWordCount..];
        }
    }

    /// <summary>
    /// The way to the block that is transposed beside this one. A group's last block is followed by the first one of
    /// the next group; the very last by itself, in vain.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int NextBlockBytes(scoped in LaneWork work, int laneCount, int lane, int blockIndex)
    {
        if (blockIndex < work.BlockCount - 1)
        {
            return Definition.BlockSizeBytes;
        }
        bool isLastGroup = laneCount - lane <= Width;
        return isLastGroup ? 0 : (Width * work.StrideBytes) - (blockIndex * Definition.BlockSizeBytes);
    }

    /// <summary>
    /// Compresses sixteen parents, each of two neighbours: of the lanes of <paramref name="left"/>, and behind them of
    /// those of <paramref name="right"/>. <paramref name="values"/> may be one of them.
    /// </summary>
    [SkipLocalsInit]
    public static void Join(
        ReadOnlySpan<Vector512<uint>> left,
        ReadOnlySpan<Vector512<uint>> right,
        ReadOnlySpan<uint> key,
        BlockFlags flags,
        Span<Vector512<uint>> values)
    {
        ref Vector512<uint> words = ref Aligned(stackalloc Vector512<uint>[Definition.WordsPerBlock + 1]);
        Avx512Transposition.Pair(left, right, ref words);
        Vector512<uint> v0 = Vector512.Create(key[0]), v1 = Vector512.Create(key[1]);
        Vector512<uint> v2 = Vector512.Create(key[2]), v3 = Vector512.Create(key[3]);
        Vector512<uint> v4 = Vector512.Create(key[4]), v5 = Vector512.Create(key[5]);
        Vector512<uint> v6 = Vector512.Create(key[6]), v7 = Vector512.Create(key[7]);
        Avx512Rounds.Compress(
            ref v0, ref v1, ref v2, ref v3, ref v4, ref v5, ref v6, ref v7,
            Vector512<uint>.Zero, Vector512<uint>.Zero, Definition.BlockSizeBytes, flags, ref words,
            false, ref Unsafe.NullRef<byte>(), ref Unsafe.NullRef<nint>(), ref words);
        (values[0], values[1], values[2], values[3]) = (v0, v1, v2, v3);
        (values[4], values[5], values[6], values[7]) = (v4, v5, v6, v7);
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
    /// Where the run of each lane of a group starts, from the first one's on; rows without a lane read the last lane's
    /// run. What all lanes are going to read is held against the input's length here, once.
    /// </summary>
    private static ref nint RowStarts(scoped in LaneWork work, int laneCount, Span<nint> starts)
    {
        for (int row = 0; row < starts.Length; row++)
        {
            starts[row] = Math.Min(row, laneCount - 1) * work.StrideBytes;
        }
        _ = work.Input.Slice((laneCount - 1) * work.StrideBytes, work.BlockCount * Definition.BlockSizeBytes);
        return ref MemoryMarshal.GetReference(starts);
    }

    private static (Vector512<uint> Low, Vector512<uint> High) Counters(scoped in LaneWork work, int lane)
    {
        ulong first = unchecked(work.FirstCounter + (ulong)lane);
        Vector512<uint> low = Vector512.Create(unchecked((uint)first)) + Vector512<uint>.Indices;
        // Where the low half ran over, the comparison gives all ones, which is less one.
        Vector512<uint> carry = Vector512.LessThan(low, Vector512<uint>.Indices);
        Vector512<uint> high = Vector512.Create((uint)(first >> 32)) - carry;
        return (
            low & Vector512.Create(unchecked((uint)work.CounterMask)),
            high & Vector512.Create((uint)(work.CounterMask >> 32)));
    }
}
