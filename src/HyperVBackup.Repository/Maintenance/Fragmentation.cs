namespace HyperVBackup.Repository.Maintenance;

/// <summary>How a restore reads: the reads of pack data it takes for each MiB restored, and the records it decodes for
/// each chunk. Freshly stored in disk order, a disk takes one of each.</summary>
/// <param name="ChunkCount">Chunks restored, those of zeros not counted.</param>
/// <param name="RestoredBytes">Bytes of these chunks.</param>
/// <param name="ReadCount">Reads of packs that restoring them takes.</param>
/// <param name="RecordCount">Whole records that restoring them decodes: their own, and those that recipes take pages
/// from.</param>
/// <param name="IsExact">Whether all chunks were looked at, and not a sample.</param>
public readonly record struct Fragmentation(
    long ChunkCount, long RestoredBytes, long ReadCount, long RecordCount, bool IsExact)
{
    private const double MiB = 1 << 20;

    /// <summary>Of nothing.</summary>
    public static Fragmentation None { get; } = new(0, 0, 0, 0, IsExact: true);

    /// <summary>About 1 after a full or a sequential synthetic full; 0 for a disk of zeros.</summary>
    public double ReadsPerMiB => RestoredBytes == 0 ? 0 : ReadCount / (RestoredBytes / MiB);

    /// <summary>1 where no chunk is a recipe; 0 for a disk of zeros.</summary>
    public double RecordsPerChunk => ChunkCount == 0 ? 0 : RecordCount / (double)ChunkCount;

    /// <summary>What a sample says of so many chunks, of which it is a part.</summary>
    public Fragmentation ScaledTo(long chunkCount)
    {
        if (IsExact || ChunkCount == 0 || chunkCount <= ChunkCount)
        {
            return this;
        }

        double factor = chunkCount / (double)ChunkCount;
        return new Fragmentation(
            chunkCount, RestoredBytes / ChunkCount * chunkCount, (long)Math.Round(ReadCount * factor),
            (long)Math.Round(RecordCount * factor), IsExact);
    }

    /// <summary>One disk after another.</summary>
    public Fragmentation And(Fragmentation next) => new(
        ChunkCount + next.ChunkCount,
        RestoredBytes + next.RestoredBytes,
        ReadCount + next.ReadCount,
        RecordCount + next.RecordCount,
        IsExact && next.IsExact);
}
