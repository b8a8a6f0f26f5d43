namespace HyperVBackup.Format;

/// <summary>Names a map node by its hashed body. Zero for a subtree of zeros.</summary>
public readonly record struct NodeId(Digest Value)
{
    public bool IsZero => Value.IsZero;

    public override string ToString() => Value.ToString();
}
