namespace HyperVBackup.Blake3;

/// <summary>
/// Runs of whole blocks to be compressed side by side, one run to a lane: chunks, parents, or short inputs. Lane i's
/// run starts at <c>i * StrideBytes</c> of <see cref="Input"/>; all runs have the same number of blocks.
/// </summary>
internal readonly ref struct LaneWork
{
    public required ReadOnlySpan<byte> Input { get; init; }

    public required int StrideBytes { get; init; }

    public required int BlockCount { get; init; }

    /// <summary>Bytes at the end of every run's last block that stand in memory, as zeros, but do not count.</summary>
    public int PaddingBytes { get; init; }

    /// <summary>The eight words every run starts from.</summary>
    public required ReadOnlySpan<uint> KeyWords { get; init; }

    /// <summary>Lane i's counter is <c>(FirstCounter + i) &amp; CounterMask</c>.</summary>
    public ulong FirstCounter { get; init; }

    /// <summary>All ones for the chunks of one input, zero where nothing is counted (parents), and chunks per input
    /// less one where the chunks of several inputs stand side by side.</summary>
    public ulong CounterMask { get; init; }

    /// <summary>Flags of every block.</summary>
    public required BlockFlags Flags { get; init; }

    /// <summary>Flags that the first block of a run has besides.</summary>
    public BlockFlags FirstBlockFlags { get; init; }

    /// <summary>Flags that the last block of a run has besides.</summary>
    public BlockFlags LastBlockFlags { get; init; }

    public BlockFlags FlagsOf(int blockIndex) =>
        Flags
        | (blockIndex == 0 ? FirstBlockFlags : BlockFlags.None)
        | (blockIndex == BlockCount - 1 ? LastBlockFlags : BlockFlags.None);

    public uint SizeOf(int blockIndex) =>
        (uint)(Definition.BlockSizeBytes - (blockIndex == BlockCount - 1 ? PaddingBytes : 0));

    public ulong CounterOf(int lane) => unchecked(FirstCounter + (ulong)lane) & CounterMask;

    /// <summary>The same work without its first <paramref name="laneCount"/> lanes.</summary>
    public LaneWork Skip(int laneCount) => From(Input[(laneCount * StrideBytes)..], laneCount);

    /// <summary>The first lane alone.</summary>
    public LaneWork Only() => From(Input[..((BlockCount * Definition.BlockSizeBytes) - PaddingBytes)], 0);

    private LaneWork From(ReadOnlySpan<byte> input, int laneCount) => new()
    {
        Input = input,
        StrideBytes = StrideBytes,
        BlockCount = BlockCount,
        PaddingBytes = PaddingBytes,
        KeyWords = KeyWords,
        FirstCounter = unchecked(FirstCounter + (ulong)laneCount),
        CounterMask = CounterMask,
        Flags = Flags,
        FirstBlockFlags = FirstBlockFlags,
        LastBlockFlags = LastBlockFlags,
    };
}
