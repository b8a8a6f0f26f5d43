namespace HyperVBackup.Format;

/// <summary>Names a list record by its body.</summary>
public readonly record struct ListId(Digest Value)
{
    public bool IsZero => Value.IsZero;

    public override string ToString() => Value.ToString();
}
