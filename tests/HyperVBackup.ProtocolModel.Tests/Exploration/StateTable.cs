using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using HyperVBackup.ProtocolModel.Tests.Model;

namespace HyperVBackup.ProtocolModel.Tests.Exploration;

/// <summary>All states seen so far, numbered in the order in which they were found, each with the one it was found
/// from. Exact: states are compared in full, their hashes only lead to them.</summary>
internal sealed class StateTable(int processCount, int collectionCount)
{
    private const int SegmentBits = 16;
    private const int SegmentRowCount = 1 << SegmentBits;
    private const int CollectionsAt = State.StoreWordCount + State.ProcessCountMax;
    private const ulong Odd = 0x9E3779B97F4A7C15;

    private readonly int headWordCount = State.StoreWordCount + processCount;
    private readonly int rowWordCount = State.StoreWordCount + processCount + ((collectionCount + 1) / 2);
    private readonly List<ulong[]> rows = [];
    private readonly List<int[]> parents = [];

    /// <summary>Open addressing: the hash in the upper half, 1 + the state's number in the lower; 0 is free.</summary>
    private ulong[] slots = new ulong[1 << 16];

    internal int Count { get; private set; }

    internal uint Hash(in State state)
    {
        ReadOnlySpan<ulong> words = Words(state);
        ulong hash = Odd;
        unchecked
        {
            for (int word = 0; word < headWordCount; word++)
            {
                hash = Mix(hash, words[word]);
            }

            for (int word = headWordCount; word < rowWordCount; word++)
            {
                hash = Mix(hash, words[word - headWordCount + CollectionsAt]);
            }

            return (uint)((hash ^ hash >> 29) * Odd >> 32);
        }
    }

    /// <summary>Has the processor bring the place where a state of this hash would be.</summary>
    internal unsafe void Prefetch(uint hash)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch0(Unsafe.AsPointer(ref slots[hash & (uint)(slots.Length - 1)]));
        }
    }

    /// <summary>Adds a state unless it was seen before.</summary>
    internal bool TryAdd(in State state, uint hash, int parent)
    {
        ReadOnlySpan<ulong> words = Words(state);
        int mask = slots.Length - 1;
        int slot = (int)(hash & (uint)mask);
        while (slots[slot] != 0)
        {
            ulong entry = slots[slot];
            if (entry >> 32 == hash && IsEqual(words, (int)(entry & uint.MaxValue) - 1))
            {
                return false;
            }

            slot = (slot + 1) & mask;
        }

        slots[slot] = (ulong)hash << 32 | (uint)(Count + 1);
        Append(words, parent);
        if (Count > slots.Length / 5 * 3)
        {
            Grow();
        }

        return true;
    }

    internal void Load(int index, ref State state)
    {
        Span<ulong> words = MemoryMarshal.Cast<State, ulong>(new Span<State>(ref state));
        ReadOnlySpan<ulong> row = Row(index);
        row[..headWordCount].CopyTo(words);
        row[headWordCount..].CopyTo(words[CollectionsAt..]);
    }

    internal int ParentOf(int index) => parents[index >> SegmentBits][index & (SegmentRowCount - 1)];

    private static ReadOnlySpan<ulong> Words(in State state) =>
        MemoryMarshal.Cast<State, ulong>(new ReadOnlySpan<State>(in state));

    private static ulong Mix(ulong hash, ulong word) =>
        unchecked(BitOperations.RotateLeft((hash ^ word) * Odd, 31) + word);

    private bool IsEqual(ReadOnlySpan<ulong> words, int index)
    {
        ReadOnlySpan<ulong> row = Row(index);
        return row[..headWordCount].SequenceEqual(words[..headWordCount])
            && row[headWordCount..].SequenceEqual(words.Slice(CollectionsAt, rowWordCount - headWordCount));
    }

    private Span<ulong> Row(int index) =>
        rows[index >> SegmentBits].AsSpan((index & (SegmentRowCount - 1)) * rowWordCount, rowWordCount);

    private void Append(ReadOnlySpan<ulong> words, int parent)
    {
        if ((Count & (SegmentRowCount - 1)) == 0)
        {
            rows.Add(GC.AllocateUninitializedArray<ulong>(SegmentRowCount * rowWordCount));
            parents.Add(GC.AllocateUninitializedArray<int>(SegmentRowCount));
        }

        Span<ulong> row = Row(Count);
        words[..headWordCount].CopyTo(row);
        words.Slice(CollectionsAt, rowWordCount - headWordCount).CopyTo(row[headWordCount..]);
        parents[^1][Count & (SegmentRowCount - 1)] = parent;
        Count++;
    }

    private void Grow()
    {
        ulong[] before = slots;
        slots = new ulong[before.Length * 2];
        int mask = slots.Length - 1;
        foreach (ulong entry in before)
        {
            int slot = (int)(entry >> 32 & (uint)mask);
            while (entry != 0 && slots[slot] != 0)
            {
                slot = (slot + 1) & mask;
            }

            slots[slot] = entry == 0 ? slots[slot] : entry;
        }
    }
}
