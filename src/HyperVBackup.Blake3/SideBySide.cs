using System.Numerics;
using System.Runtime.CompilerServices;

namespace HyperVBackup.Blake3;

/// <summary>
/// Many equal inputs at once. The chunks of neighbouring inputs stand side by side in memory, and where an input has a
/// power of two of them so do the values of every level above, so that lanes run across inputs as if they were one.
/// </summary>
internal static class SideBySide
{
    public static void Hash(Blake3Mode mode, ReadOnlySpan<byte> inputs, int inputSizeBytes, Span<byte> outputs)
    {
        int groupInputCount = GroupInputCount(inputSizeBytes);
        while (!inputs.IsEmpty)
        {
            int count = Math.Min(groupInputCount, inputs.Length / inputSizeBytes);
            if (count == 1)
            {
                Tree.Hash(mode, inputs[..inputSizeBytes], outputs[..Definition.DigestSizeBytes]);
            }
            else
            {
                HashGroup(mode, inputs[..(count * inputSizeBytes)], inputSizeBytes, count, outputs);
            }
            inputs = inputs[(count * inputSizeBytes)..];
            outputs = outputs[(count * Definition.DigestSizeBytes)..];
        }
    }

    /// <summary>Inputs of at most one chunk, each padded with zeros to whole blocks.</summary>
    /// <param name="strideBytes">From one input to the next.</param>
    public static void HashPadded(
        Blake3Mode mode, ReadOnlySpan<byte> inputs, int strideBytes, int inputSizeBytes, Span<byte> outputs)
    {
        LaneWork work = new()
        {
            Input = inputs,
            StrideBytes = strideBytes,
            BlockCount = strideBytes / Definition.BlockSizeBytes,
            PaddingBytes = strideBytes - inputSizeBytes,
            KeyWords = mode.KeyWords,
            Flags = mode.Flags,
            FirstBlockFlags = BlockFlags.ChunkStart,
            LastBlockFlags = BlockFlags.ChunkEnd | BlockFlags.Root,
        };
        Lanes.Hash(mode.InstructionSet, work, inputs.Length / strideBytes, outputs);
    }

    /// <summary>How many inputs go side by side: one where their size does not allow it or does not need it.</summary>
    private static int GroupInputCount(int inputSizeBytes)
    {
        if (inputSizeBytes <= Definition.ChunkSizeBytes)
        {
            return inputSizeBytes % Definition.BlockSizeBytes == 0 ? Tree.BatchChunkCount : 1;
        }
        bool isPowerOfTwoOfChunks = BitOperations.IsPow2(inputSizeBytes);
        return isPowerOfTwoOfChunks ? Math.Max(1, Tree.BatchSizeBytes / inputSizeBytes) : 1;
    }

    [SkipLocalsInit]
    private static void HashGroup(
        Blake3Mode mode, ReadOnlySpan<byte> inputs, int inputSizeBytes, int inputCount, Span<byte> outputs)
    {
        int runSizeBytes = Math.Min(inputSizeBytes, Definition.ChunkSizeBytes);
        int runsPerInput = inputSizeBytes / runSizeBytes;
        LaneWork work = new()
        {
            Input = inputs,
            StrideBytes = runSizeBytes,
            BlockCount = runSizeBytes / Definition.BlockSizeBytes,
            KeyWords = mode.KeyWords,
            CounterMask = (ulong)(runsPerInput - 1),
            Flags = mode.Flags,
            FirstBlockFlags = BlockFlags.ChunkStart,
            LastBlockFlags = BlockFlags.ChunkEnd | RootIf(runsPerInput == 1),
        };
        if (runsPerInput > 1 && Lanes.AreTrees(mode.InstructionSet, inputCount * runsPerInput))
        {
            Avx512Trees.Hash(work, runsPerInput, BlockFlags.Root, outputs);
            return;
        }
        Span<byte> buffer = stackalloc byte[Tree.BatchChunkCount * Definition.DigestSizeBytes];
        Span<byte> values = runsPerInput == 1 ? outputs : buffer;
        Lanes.Hash(mode.InstructionSet, work, inputCount * runsPerInput, values);
        for (int perInput = runsPerInput / 2; perInput > 0; perInput /= 2)
        {
            bool isTop = perInput == 1;
            Tree.HashParents(mode, values, inputCount * perInput, RootIf(isTop), isTop ? outputs : values);
        }
    }

    private static BlockFlags RootIf(bool isTop) => isTop ? BlockFlags.Root : BlockFlags.None;
}
