using System.Runtime.CompilerServices;

namespace HyperVBackup.Blake3;

/// <summary>
/// The tree over the chunks of one input. BLAKE3 puts the largest power of two of chunks to the left of every parent;
/// that is the same as pairing neighbours level by level and carrying an odd last one up, which is how it is done here.
/// Inputs are taken in batches of <see cref="BatchChunkCount"/> chunks, each a whole subtree; a stack keeps the
/// subtrees to the left of the current batch, one for each one-bit of the number of batches behind it.
/// </summary>
internal static class Tree
{
    public const int BatchChunkCount = 64;
    public const int BatchSizeBytes = BatchChunkCount * Definition.ChunkSizeBytes;

    // 2^64 bytes are 2^48 batches.
    public const int StackSizeBytes = 48 * Definition.DigestSizeBytes;

    private const int BatchValuesSizeBytes = BatchChunkCount * Definition.DigestSizeBytes;

    /// <summary>Hashes a whole input.</summary>
    [SkipLocalsInit]
    public static void Hash(Blake3Mode mode, ReadOnlySpan<byte> input, Span<byte> output)
    {
        Span<byte> stack = stackalloc byte[StackSizeBytes];
        ulong batchCount = 0;
        while (input.Length > BatchSizeBytes)
        {
            Push(mode, stack, batchCount, input[..BatchSizeBytes]);
            input = input[BatchSizeBytes..];
            batchCount++;
        }
        Finish(mode, stack, batchCount, input, output);
    }

    /// <summary>
    /// Adds a full batch behind the <paramref name="batchCount"/> batches already on the stack. At least one byte must
    /// follow it, because the last batch may hold the root.
    /// </summary>
    [SkipLocalsInit]
    public static void Push(Blake3Mode mode, Span<byte> stack, ulong batchCount, ReadOnlySpan<byte> batch)
    {
        Span<byte> pair = stackalloc byte[2 * Definition.DigestSizeBytes];
        Span<byte> right = pair[Definition.DigestSizeBytes..];
        HashBatch(mode, batch, batchCount * BatchChunkCount, BlockFlags.None, right);
        int depth = (int)ulong.PopCount(batchCount);
        for (ulong behind = batchCount; (behind & 1) == 1; behind >>= 1)
        {
            depth--;
            ValueAt(stack, depth).CopyTo(pair);
            HashParents(mode, pair, 1, BlockFlags.None, right);
        }
        right.CopyTo(ValueAt(stack, depth));
    }

    /// <summary>Hashes the last batch (empty only if it is the first one too) and closes the tree above it.</summary>
    [SkipLocalsInit]
    public static void Finish(
        Blake3Mode mode, ReadOnlySpan<byte> stack, ulong batchCount, ReadOnlySpan<byte> lastBatch, Span<byte> output)
    {
        if (batchCount == 0)
        {
            HashBatch(mode, lastBatch, 0, BlockFlags.Root, output);
            return;
        }
        Span<byte> pair = stackalloc byte[2 * Definition.DigestSizeBytes];
        Span<byte> right = pair[Definition.DigestSizeBytes..];
        HashBatch(mode, lastBatch, batchCount * BatchChunkCount, BlockFlags.None, right);
        for (int depth = (int)ulong.PopCount(batchCount) - 1; depth >= 0; depth--)
        {
            stack.Slice(depth * Definition.DigestSizeBytes, Definition.DigestSizeBytes).CopyTo(pair);
            HashParents(mode, pair, 1, depth == 0 ? BlockFlags.Root : BlockFlags.None, right);
        }
        right.CopyTo(output);
    }

    /// <summary>
    /// Hashes neighbouring pairs of 32-byte values into one each; input and output may begin together.
    /// </summary>
    public static void HashParents(
        Blake3Mode mode, ReadOnlySpan<byte> values, int pairCount, BlockFlags topFlags, Span<byte> outputs)
    {
        LaneWork work = new()
        {
            Input = values,
            StrideBytes = Definition.BlockSizeBytes,
            BlockCount = 1,
            KeyWords = mode.KeyWords,
            Flags = mode.Flags | BlockFlags.Parent | topFlags,
        };
        Lanes.Hash(mode.InstructionSet, work, pairCount, outputs);
    }

    /// <summary>Hashes at most one batch into one value; <paramref name="topFlags"/> go to its topmost node.</summary>
    [SkipLocalsInit]
    private static void HashBatch(
        Blake3Mode mode, ReadOnlySpan<byte> batch, ulong firstChunk, BlockFlags topFlags, Span<byte> output)
    {
        if (batch.Length <= Definition.ChunkSizeBytes)
        {
            HashChunk(mode, batch, firstChunk, topFlags, output);
            return;
        }
        LaneWork chunks = WholeChunks(mode, batch, firstChunk);
        if (batch.Length == BatchSizeBytes && Lanes.AreTrees(mode.InstructionSet, BatchChunkCount))
        {
            Avx512Trees.Hash(chunks, BatchChunkCount, topFlags, output);
            return;
        }
        Span<byte> values = stackalloc byte[BatchValuesSizeBytes];
        int count = HashChunks(mode, chunks, values);
        while (count > 2)
        {
            int pairCount = count / 2;
            HashParents(mode, values, pairCount, BlockFlags.None, values);
            if (count % 2 == 1)
            {
                ValueAt(values, count - 1).CopyTo(ValueAt(values, pairCount));
            }
            count = pairCount + (count % 2);
        }
        HashParents(mode, values, 1, topFlags, output);
    }

    private static LaneWork WholeChunks(Blake3Mode mode, ReadOnlySpan<byte> batch, ulong firstChunk) => new()
    {
        Input = batch,
        StrideBytes = Definition.ChunkSizeBytes,
        BlockCount = Definition.ChunkSizeBytes / Definition.BlockSizeBytes,
        KeyWords = mode.KeyWords,
        FirstCounter = firstChunk,
        CounterMask = ulong.MaxValue,
        Flags = mode.Flags,
        FirstBlockFlags = BlockFlags.ChunkStart,
        LastBlockFlags = BlockFlags.ChunkEnd,
    };

    /// <summary>Hashes the chunks of a batch, the last of which may be short, and returns their number.</summary>
    private static int HashChunks(Blake3Mode mode, LaneWork chunks, Span<byte> values)
    {
        int wholeCount = chunks.Input.Length / Definition.ChunkSizeBytes;
        Lanes.Hash(mode.InstructionSet, chunks, wholeCount, values);
        ReadOnlySpan<byte> rest = chunks.Input[(wholeCount * Definition.ChunkSizeBytes)..];
        if (rest.IsEmpty)
        {
            return wholeCount;
        }
        ulong counter = chunks.FirstCounter + (ulong)wholeCount;
        HashChunk(mode, rest, counter, BlockFlags.None, ValueAt(values, wholeCount));
        return wholeCount + 1;
    }

    private static void HashChunk(
        Blake3Mode mode, ReadOnlySpan<byte> chunk, ulong counter, BlockFlags topFlags, Span<byte> output)
    {
        LaneWork work = new()
        {
            Input = chunk,
            StrideBytes = chunk.Length,
            // Even an empty input has one block.
            BlockCount = Math.Max(1, (chunk.Length + Definition.BlockSizeBytes - 1) / Definition.BlockSizeBytes),
            KeyWords = mode.KeyWords,
            FirstCounter = counter,
            CounterMask = ulong.MaxValue,
            Flags = mode.Flags,
            FirstBlockFlags = BlockFlags.ChunkStart,
            LastBlockFlags = BlockFlags.ChunkEnd | topFlags,
        };
        SingleLane.Hash(mode.InstructionSet, work, output);
    }

    private static Span<byte> ValueAt(Span<byte> values, int index) =>
        values.Slice(index * Definition.DigestSizeBytes, Definition.DigestSizeBytes);
}
