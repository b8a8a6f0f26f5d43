using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace HyperVBackup.Blake3;

/// <summary>Hashes one run of bytes block after block; the last block may be short, and the run may be empty.</summary>
internal static class SingleLane
{
    /// <param name="set">How to compress.</param>
    /// <param name="work">
    /// Gives key and flags; its input is the run, whole, and its block count counts a short block.
    /// </param>
    /// <param name="output">Takes the 32 bytes of the last chaining value.</param>
    [SkipLocalsInit]
    public static void Hash(InstructionSet set, scoped in LaneWork work, Span<byte> output)
    {
        Span<uint> chaining = stackalloc uint[Definition.KeyWordCount];
        Span<byte> padded = stackalloc byte[Definition.BlockSizeBytes];
        work.KeyWords.CopyTo(chaining);
        ReadOnlySpan<byte> rest = work.Input;
        for (int blockIndex = 0; blockIndex < work.BlockCount; blockIndex++)
        {
            int lengthBytes = Math.Min(rest.Length, Definition.BlockSizeBytes);
            scoped ReadOnlySpan<byte> block = rest[..lengthBytes];
            rest = rest[lengthBytes..];
            if (lengthBytes < Definition.BlockSizeBytes)
            {
                padded.Clear();
                block.CopyTo(padded);
                block = padded;
            }
            Compress(set, chaining, block, lengthBytes, work.CounterOf(0), work.FlagsOf(blockIndex));
        }
        for (int i = 0; i < chaining.Length; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(output[(i * sizeof(uint))..], chaining[i]);
        }
    }

    private static void Compress(
        InstructionSet set,
        Span<uint> chaining,
        ReadOnlySpan<byte> block,
        int lengthBytes,
        ulong counter,
        BlockFlags flags)
    {
        if (set == InstructionSet.Scalar)
        {
            ScalarBlock.Compress(chaining, block, lengthBytes, counter, flags);
        }
        else
        {
            Vector128Block.Compress(chaining, block, lengthBytes, counter, flags);
        }
    }
}
