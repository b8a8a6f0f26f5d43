namespace HyperVBackup.Format;

/// <summary>Names a chunk of a disk: the derive-key hash of its page hashes. Zero for a chunk of zeros.</summary>
public readonly record struct ChunkId(Digest Value)
{
    public bool IsZero => Value.IsZero;

    public override string ToString() => Value.ToString();
}
