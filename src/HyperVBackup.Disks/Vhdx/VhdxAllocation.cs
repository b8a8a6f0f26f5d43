namespace HyperVBackup.Disks.Vhdx;

/// <summary>Finds where each piece of a disk has its bytes from, by tables and sector bitmaps alone.</summary>
internal static class VhdxAllocation
{
    /// <summary>The pieces of <paramref name="range"/>, ascending, without gaps.</summary>
    public static IEnumerable<DiskPiece> Pieces(VhdxImage image, ByteRange range)
    {
        long blockSizeBytes = image.Layout.BlockSizeBytes;
        long lastBlock = (range.EndBytes - 1) / blockSizeBytes;
        for (long at = range.StartBytes; at < range.EndBytes;)
        {
            long block = at / blockSizeBytes;
            long end = Math.Min((block + 1) * blockSizeBytes, range.EndBytes);
            ByteRange piece = new(at, end - at);
            switch (image.Bat.OfBlock(block, lastBlock).State)
            {
                case BlockState.FullyPresent:
                    yield return new DiskPiece(PieceSource.File, piece);
                    break;
                case BlockState.NotPresent:
                    end = Math.Min(image.Bat.EndOfAbsence(block) * blockSizeBytes, range.EndBytes);
                    yield return new DiskPiece(PieceSource.Parent, new ByteRange(at, end - at));
                    break;
                case BlockState.PartiallyPresent:
                    long blockStart = block * blockSizeBytes;
                    SectorBits bits = image.SectorBits(block, at - blockStart, piece.LengthBytes);
                    foreach (DiskPiece run in DiskPieces.Runs(bits, blockStart, piece))
                    {
                        yield return run;
                    }
                    break;
                default:
                    yield return new DiskPiece(PieceSource.Zeros, piece);
                    break;
            }
            at = end;
        }
    }
}
