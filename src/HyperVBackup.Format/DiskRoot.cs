namespace HyperVBackup.Format;

/// <summary>Names all bytes of a disk: the hash of chunk size, virtual size and top node.</summary>
public readonly record struct DiskRoot(Digest Value)
{
    public bool IsZero => Value.IsZero;

    public override string ToString() => Value.ToString();
}
