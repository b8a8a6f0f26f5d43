namespace HyperVBackup.Disks;

/// <summary>What follows from where an image has the pieces of a disk from. All here come and go ascending and not
/// overlapping, and nothing is read before it is asked for.</summary>
internal static class DiskPieces
{
    /// <summary>How far neighbours are joined. Looking ahead has an end: who stops early has not had all the tables
    /// read, and who reads the data finds what was read of them still there.</summary>
    private const long JoinedBytesMax = 256L << 20;

    /// <summary>What the image or its parents hold.</summary>
    public static IEnumerable<ByteRange> Allocated(IEnumerable<DiskPiece> pieces, IDisk? parent) =>
        Joined(Held(pieces, parent));

    /// <summary>What the image says by itself, zeros included, whatever its parents hold.</summary>
    public static IEnumerable<ByteRange> Own(IEnumerable<DiskPiece> pieces) =>
        Joined(pieces.Where(piece => piece.Source != PieceSource.Parent).Select(piece => piece.Range));

    /// <summary>The runs of sectors within one block.</summary>
    public static IEnumerable<DiskPiece> Runs(SectorBits bits, long blockStartBytes, ByteRange range)
    {
        for (long at = range.StartBytes; at < range.EndBytes;)
        {
            long within = at - blockStartBytes;
            long end = blockStartBytes + bits.EndOfRun(within, range.EndBytes - blockStartBytes);
            PieceSource source = bits.IsInFile(within) ? PieceSource.File : PieceSource.Parent;
            yield return new DiskPiece(source, new ByteRange(at, end - at));
            at = end;
        }
    }

    private static IEnumerable<ByteRange> Held(IEnumerable<DiskPiece> pieces, IDisk? parent)
    {
        foreach ((PieceSource source, ByteRange piece) in Joined(pieces))
        {
            if (source == PieceSource.File)
            {
                yield return piece;
            }
            else if (source == PieceSource.Parent && parent is not null && piece.StartBytes < parent.VirtualSizeBytes)
            {
                long end = Math.Min(piece.EndBytes, parent.VirtualSizeBytes);
                foreach (ByteRange held in parent.AllocatedRanges(new(piece.StartBytes, end - piece.StartBytes)))
                {
                    yield return held;
                }
            }
        }
    }

    private static IEnumerable<ByteRange> Joined(IEnumerable<ByteRange> ranges) =>
        Joined(ranges.Select(range => new DiskPiece(PieceSource.File, range))).Select(piece => piece.Range);

    /// <summary>Makes one of neighbours that touch and have the same source.</summary>
    private static IEnumerable<DiskPiece> Joined(IEnumerable<DiskPiece> pieces)
    {
        DiskPiece? held = null;
        foreach (DiskPiece piece in pieces)
        {
            if (held is { } last && last.Source == piece.Source && last.Range.EndBytes == piece.Range.StartBytes
                && piece.Range.EndBytes - last.Range.StartBytes <= JoinedBytesMax)
            {
                long start = last.Range.StartBytes;
                held = new DiskPiece(piece.Source, new ByteRange(start, piece.Range.EndBytes - start));
                continue;
            }
            if (held is { } done)
            {
                yield return done;
            }
            held = piece;
        }
        if (held is { } rest)
        {
            yield return rest;
        }
    }
}
