namespace HyperVBackup.Disks.Vhd;

/// <summary>How a disk is cut into blocks. In the file each block follows its sector bitmap, which takes whole sectors.
/// </summary>
internal readonly record struct VhdLayout
{
    private const long SectorsPerBitmapSector = VhdLimits.SectorSizeBytes * 8;

    public VhdLayout(long virtualSizeBytes, long blockSizeBytes)
    {
        VirtualSizeBytes = virtualSizeBytes;
        BlockSizeBytes = blockSizeBytes;
        BlockCount = DivideUp(virtualSizeBytes, blockSizeBytes);
        BitmapSizeBytes = VhdLimits.SectorSizeBytes
            * DivideUp(blockSizeBytes / VhdLimits.SectorSizeBytes, SectorsPerBitmapSector);
    }

    public long VirtualSizeBytes { get; }

    public long BlockSizeBytes { get; }

    public long BlockCount { get; }

    public long BitmapSizeBytes { get; }

    /// <summary>What a block takes of the file.</summary>
    public long StrideBytes => BitmapSizeBytes + BlockSizeBytes;

    /// <summary>How much of the block lies inside the disk: less than a block's size at the end.</summary>
    public long UsedBytesOf(long block) => Math.Min(BlockSizeBytes, VirtualSizeBytes - (block * BlockSizeBytes));

    private static long DivideUp(long value, long by) => (value + by - 1) / by;
}
