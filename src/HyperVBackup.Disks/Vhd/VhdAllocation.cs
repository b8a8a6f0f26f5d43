namespace HyperVBackup.Disks.Vhd;

/// <summary>Finds where each piece of a disk has its bytes from, by table and sector bitmaps alone.</summary>
internal static class VhdAllocation
{
    /// <summary>The pieces of <paramref name="range"/>, ascending, without gaps. Of an image without a parent whole
    /// blocks: what its bitmaps leave out of them reads as zeros, but to find that takes reading the bitmaps.</summary>
    public static IEnumerable<DiskPiece> Pieces(VhdBlocks blocks, bool hasParent, ByteRange range)
    {
        long blockSizeBytes = blocks.Layout.BlockSizeBytes;
        long lastBlock = (range.EndBytes - 1) / blockSizeBytes;
        for (long at = range.StartBytes; at < range.EndBytes;)
        {
            long block = at / blockSizeBytes;
            long blockStart = block * blockSizeBytes;
            ByteRange piece = new(at, Math.Min(blockStart + blockSizeBytes, range.EndBytes) - at);
            if (blocks.PlaceOf(block, lastBlock) is not { } place)
            {
                yield return new DiskPiece(PieceSource.Parent, piece);
            }
            else if (!hasParent)
            {
                yield return new DiskPiece(PieceSource.File, piece);
            }
            else
            {
                SectorBits bits = blocks.SectorBits(block, place, at - blockStart, piece.LengthBytes);
                foreach (DiskPiece run in DiskPieces.Runs(bits, blockStart, piece))
                {
                    yield return run;
                }
            }
            at = piece.EndBytes;
        }
    }
}
