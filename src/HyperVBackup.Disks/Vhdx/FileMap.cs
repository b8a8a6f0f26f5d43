namespace HyperVBackup.Disks.Vhdx;

/// <summary>Which MiB of the file are taken, and so whether two structures or blocks claim the same one. At most 8 MiB
/// of memory for each 64 TiB of file. Not thread-safe.</summary>
internal sealed class FileMap
{
    private readonly ulong[] taken;
    private readonly long lengthMiB;

    /// <param name="lengthBytes">The file's length, at most <see cref="VhdxLimits.FileLengthBytesMax"/>.</param>
    public FileMap(long lengthBytes)
    {
        lengthMiB = (lengthBytes + VhdxLimits.MiB - 1) / VhdxLimits.MiB;
        taken = new ulong[(int)((lengthMiB + 63) / 64)];
    }

    /// <summary>Takes a range, as far as it lies inside the file.</summary>
    /// <returns>False where some of it was taken before.</returns>
    public bool TryTake(long startMiB, long countMiB)
    {
        bool isFree = true;
        long end = Math.Min(startMiB + countMiB, lengthMiB);
        for (long at = startMiB; at < end; at++)
        {
            ulong bit = 1UL << (int)(at % 64);
            isFree &= (taken[at / 64] & bit) == 0;
            taken[at / 64] |= bit;
        }
        return isFree;
    }
}
