namespace HyperVBackup.Disks.Vhdx;

/// <summary>Which entry of the block allocation table speaks for which block. After each chunk of payload blocks stands
/// the entry of the chunk's sector bitmap, in images without a parent too.</summary>
internal readonly record struct BatLayout
{
    public BatLayout(long virtualSizeBytes, long blockSizeBytes, int logicalSectorSizeBytes, bool hasParent)
    {
        VirtualSizeBytes = virtualSizeBytes;
        BlockSizeBytes = blockSizeBytes;
        BlocksPerChunk = VhdxLimits.SectorsPerBitmapBlock * logicalSectorSizeBytes / blockSizeBytes;
        BlockCount = DivideUp(virtualSizeBytes, blockSizeBytes);
        EntryCount = hasParent
            ? DivideUp(BlockCount, BlocksPerChunk) * (BlocksPerChunk + 1)
            : BlockCount + ((BlockCount - 1) / BlocksPerChunk);
    }

    public long VirtualSizeBytes { get; }

    public long BlockSizeBytes { get; }

    public long BlocksPerChunk { get; }

    public long BlockCount { get; }

    public long EntryCount { get; }

    public long EntryOfBlock(long block) => block + (block / BlocksPerChunk);

    public long EntryOfBitmap(long chunk) => ((chunk + 1) * BlocksPerChunk) + chunk;

    public bool IsBitmapEntry(long entry) => entry % (BlocksPerChunk + 1) == BlocksPerChunk;

    /// <summary>The payload block an entry speaks for; may lie past the disk's last block in a differencing image.
    /// </summary>
    public long BlockOfEntry(long entry) => entry - (entry / (BlocksPerChunk + 1));

    /// <summary>How much of the block lies inside the disk: less than a block's size at the end.</summary>
    public long UsedBytesOf(long block) => Math.Min(BlockSizeBytes, VirtualSizeBytes - (block * BlockSizeBytes));

    private static long DivideUp(long value, long by) => (value + by - 1) / by;
}
