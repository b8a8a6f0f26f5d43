namespace HyperVBackup.Disks.Vhd;

/// <summary>Where blocks begin in the file, and so whether two of them claim the same bytes. In each piece of the file
/// that is as long as a block at most one can begin: 4 bytes for each such piece. Not thread-safe.</summary>
/// <param name="lengthBytes">The file's length.</param>
/// <param name="strideBytes">What a block takes of it.</param>
internal sealed class BlockPlaces(long lengthBytes, long strideBytes)
{
    // For each piece of the file the sector in it at which a block begins, counted from 1; 0 for none.
    private readonly uint[] starts = new uint[(int)CountOf(lengthBytes, strideBytes)];

    /// <summary>How many pieces a file has; no more than a table can point at.</summary>
    public static long CountOf(long lengthBytes, long strideBytes) =>
        (Math.Min(lengthBytes, uint.MaxValue * (long)VhdLimits.SectorSizeBytes) / strideBytes) + 1;

    /// <summary>Takes the place of a block that begins inside the file.</summary>
    /// <returns>False where some of it was taken before; then nothing is taken.</returns>
    public bool TryTake(long startBytes)
    {
        (long piece, long within) = Math.DivRem(startBytes, strideBytes);
        uint start = (uint)(within / VhdLimits.SectorSizeBytes) + 1;
        bool isOver = starts[piece] != 0
            || (piece > 0 && starts[piece - 1] > start)
            || (piece + 1 < starts.Length && starts[piece + 1] != 0 && starts[piece + 1] < start);
        if (!isOver)
        {
            starts[piece] = start;
        }
        return !isOver;
    }
}
