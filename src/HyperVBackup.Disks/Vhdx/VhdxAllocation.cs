namespace HyperVBackup.Disks.Vhdx;

/// <summary>Finds what of a disk may hold anything but zeros from tables and sector bitmaps alone.</summary>
internal static class VhdxAllocation
{
    /// <summary>How far neighbours are joined. Looking ahead has an end: who stops early has not had all the tables
    /// read, and who reads the data finds what was read of them still there.</summary>
    private const long JoinedBytesMax = 256L << 20;

    private enum Source
    {
        Zeros,
        File,
        Parent,
    }

    /// <summary>The parts of <paramref name="range"/> that this image or its parents hold, ascending.</summary>
    public static IEnumerable<ByteRange> Ranges(VhdxImage image, VhdxDisk? parent, ByteRange range) =>
        Joined(Held(image, parent, range));

    private static IEnumerable<ByteRange> Held(VhdxImage image, VhdxDisk? parent, ByteRange range)
    {
        foreach ((Source source, ByteRange piece) in Joined(Pieces(image, range)))
        {
            if (source == Source.File)
            {
                yield return piece;
            }
            else if (source == Source.Parent && parent is not null && piece.StartBytes < parent.VirtualSizeBytes)
            {
                long end = Math.Min(piece.EndBytes, parent.VirtualSizeBytes);
                foreach (ByteRange held in parent.AllocatedRanges(new(piece.StartBytes, end - piece.StartBytes)))
                {
                    yield return held;
                }
            }
        }
    }

    private static IEnumerable<(Source Source, ByteRange Range)> Pieces(VhdxImage image, ByteRange range)
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
                    yield return (Source.File, piece);
                    break;
                case BlockState.NotPresent:
                    end = Math.Min(image.Bat.EndOfAbsence(block) * blockSizeBytes, range.EndBytes);
                    yield return (Source.Parent, new ByteRange(at, end - at));
                    break;
                case BlockState.PartiallyPresent:
                    foreach ((Source Source, ByteRange Range) run in Runs(image, block, piece))
                    {
                        yield return run;
                    }
                    break;
                default:
                    yield return (Source.Zeros, piece);
                    break;
            }
            at = end;
        }
    }

    private static IEnumerable<(Source Source, ByteRange Range)> Runs(VhdxImage image, long block, ByteRange piece)
    {
        long blockStart = block * image.Layout.BlockSizeBytes;
        SectorBits bits = image.SectorBits(block, piece.StartBytes - blockStart, piece.LengthBytes);
        for (long at = piece.StartBytes; at < piece.EndBytes;)
        {
            long end = blockStart + bits.EndOfRun(at - blockStart, piece.EndBytes - blockStart);
            yield return (bits.IsInFile(at - blockStart) ? Source.File : Source.Parent, new ByteRange(at, end - at));
            at = end;
        }
    }

    private static IEnumerable<ByteRange> Joined(IEnumerable<ByteRange> ranges) =>
        Joined(ranges.Select(range => (Source.File, range))).Select(piece => piece.Range);

    /// <summary>Makes one of neighbours that touch and have the same source.</summary>
    private static IEnumerable<(Source Source, ByteRange Range)> Joined(
        IEnumerable<(Source Source, ByteRange Range)> pieces)
    {
        (Source Source, ByteRange Range)? held = null;
        foreach ((Source Source, ByteRange Range) piece in pieces)
        {
            if (held is { } last && last.Source == piece.Source && last.Range.EndBytes == piece.Range.StartBytes
                && piece.Range.EndBytes - last.Range.StartBytes <= JoinedBytesMax)
            {
                long start = last.Range.StartBytes;
                held = (piece.Source, new ByteRange(start, piece.Range.EndBytes - start));
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
