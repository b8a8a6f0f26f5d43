namespace HyperVBackup.Repository.Maintenance.Prune;

/// <summary>
/// What restore points reach that their VM's other points do not hold at the same places: an upper bound of what
/// deleting them frees, for the same data may stand elsewhere on the disk or on others.
/// </summary>
/// <param name="ChunkBytes">Of records of chunks.</param>
/// <param name="MapBytes">Of map nodes and lists, both copies.</param>
/// <param name="UnreadableCount">Disks of which parts could not be read, and were left out.</param>
public readonly record struct OwnSpace(long ChunkBytes, long MapBytes, int UnreadableCount)
{
    /// <summary>Bytes in all.</summary>
    public long Bytes => ChunkBytes + MapBytes;
}
