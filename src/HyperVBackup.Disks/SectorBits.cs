namespace HyperVBackup.Disks;

/// <summary>The part of a sector bitmap that speaks for one range of a block: a bit for each sector, the lowest of a
/// byte first, set where the sector is in this file, clear where it is in the parent.</summary>
/// <param name="bits">The bytes of the bitmap, at least one.</param>
/// <param name="firstSectorInBits">The sector, counted from the block's start, that the first bit is of; below 0 where
/// a byte of the bitmap begins before the block does.</param>
/// <param name="sectorSizeBytes">Size of a sector.</param>
internal sealed class SectorBits(byte[] bits, long firstSectorInBits, int sectorSizeBytes)
{
    public int LengthBytes => bits.Length;

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
