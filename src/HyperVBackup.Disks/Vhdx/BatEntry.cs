namespace HyperVBackup.Disks.Vhdx;

/// <summary>An entry of the block allocation table: three bits of state, and the place in the file in MiB.</summary>
internal readonly record struct BatEntry(ulong Value)
{
    public const int SizeBytes = sizeof(ulong);

    private const ulong StateMask = 7;
    private const int OffsetShift = 20;

    public BatEntry(BlockState state, long offsetBytes)
        : this((ulong)state | ((ulong)offsetBytes & ~((1UL << OffsetShift) - 1)))
    {
    }

    public BlockState State => (BlockState)(Value & StateMask);

    /// <summary>The place in whole MiB: never overflows, whatever was read.</summary>
    public long OffsetMiB => (long)(Value >> OffsetShift);

    public bool IsPresent => State is BlockState.FullyPresent or BlockState.PartiallyPresent;

    public bool IsReserved => State is (BlockState)4 or (BlockState)5;
}
