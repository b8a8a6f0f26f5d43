namespace HyperVBackup.Repository.Maintenance.Prune;

/// <summary>The bytes of all records that some restore points reach and no other point does: what collecting can free
/// once they are gone. It frees less while packs of which little is dead are left as they are.</summary>
/// <param name="ChunkBytes">Of records in chunk packs.</param>
/// <param name="MapBytes">Of map nodes and lists, both copies.</param>
public readonly record struct FreedSpace(long ChunkBytes, long MapBytes)
{
    /// <summary>Bytes in all.</summary>
    public long Bytes => ChunkBytes + MapBytes;
}
