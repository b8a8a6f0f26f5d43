namespace HyperVBackup.Disks.Vhdx;

/// <summary>The part of a sector bitmap that speaks for one range of a partially present block: a bit for each sector,
/// set where the sector is in this file, clear where it is in the parent.</summary>
internal sealed class SectorBits
{
    private readonly byte[] bits;
    private readonly long firstSectorInBits;
    private readonly int sectorSizeBytes;

    private SectorBits(byte[] bits, long firstSectorInBits, int sectorSizeBytes) =>
        (this.bits, this.firstSectorInBits, this.sectorSizeBytes) = (bits, firstSectorInBits, sectorSizeBytes);

    public int LengthBytes => bits.Length;

    /// <param name="image">The image the block is in.</param>
    /// <param name="block">A partially present block.</param>
    /// <param name="withinBytes">Where the range starts in the block.</param>
    /// <param name="lengthBytes">Length of the range, not 0.</param>
    /// <exception cref="DiskImageException">The bitmap is missing or cannot be read.</exception>
    public static SectorBits Read(VhdxImage image, long block, long withinBytes, long lengthBytes)
    {
        (long chunk, long blockInChunk) = Math.DivRem(block, image.Layout.BlocksPerChunk);
        BatEntry entry = image.Bat.OfBitmap(chunk);
        if (!entry.IsPresent)
        {
            throw image.File.Damage(
                "block allocation table entry",
                image.Bat.BitmapEntryAt(chunk),
                $"has no sector bitmap, but block {block} is only partly in this file");
        }
        int sectorSizeBytes = image.Parameters.LogicalSectorSizeBytes;
        long chunkStart = blockInChunk * (image.Layout.BlockSizeBytes / sectorSizeBytes);
        long firstByte = (chunkStart + (withinBytes / sectorSizeBytes)) / 8;
        long lastByte = (chunkStart + ((withinBytes + lengthBytes - 1) / sectorSizeBytes)) / 8;
        byte[] bits = image.File.ReadStructure(
            "sector bitmap", (entry.OffsetMiB * VhdxLimits.MiB) + firstByte, (int)(lastByte - firstByte + 1));
        return new SectorBits(bits, (firstByte * 8) - chunkStart, sectorSizeBytes);
    }

    /// <summary>Whether the bits speak for all of a range, which counts from the block's start.</summary>
    public bool Covers(long withinBytes, long lengthBytes) =>
        withinBytes / sectorSizeBytes >= firstSectorInBits
        && (withinBytes + lengthBytes - 1) / sectorSizeBytes < firstSectorInBits + (bits.Length * 8L);

    /// <summary>Whether the byte so far into the block is in this file.</summary>
    public bool IsInFile(long withinBytes) => Bit((withinBytes / sectorSizeBytes) - firstSectorInBits);

    /// <summary>Where the run of sectors that <paramref name="withinBytes"/> lies in ends, at the latest at
    /// <paramref name="limitBytes"/>; both count from the block's start.</summary>
    public long EndOfRun(long withinBytes, long limitBytes)
    {
        long sector = (withinBytes / sectorSizeBytes) - firstSectorInBits;
        bool isInFile = Bit(sector);
        byte whole = isInFile ? byte.MaxValue : (byte)0;
        long count = bits.Length * 8L;
        while (sector < count && Bit(sector) == isInFile)
        {
            bool canSkip = sector % 8 == 0 && bits[sector / 8] == whole;
            sector += canSkip ? 8 : 1;
        }
        return Math.Min((sector + firstSectorInBits) * sectorSizeBytes, limitBytes);
    }

    private bool Bit(long sector) => (bits[sector / 8] >> (int)(sector % 8) & 1) != 0;
}
