namespace HyperVBackup.Disks.Changes;

/// <summary>Neighbouring chunks of a disk's grid: <paramref name="Count"/> of them (at least one), from the chunk
/// with the index <paramref name="FirstIndex"/> on.</summary>
public readonly record struct ChunkRun(long FirstIndex, long Count)
{
    /// <summary>The index after the last chunk.</summary>
    public long EndIndex => FirstIndex + Count;
}
