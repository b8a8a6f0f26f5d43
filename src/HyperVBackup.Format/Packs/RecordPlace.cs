namespace HyperVBackup.Format.Packs;

/// <summary>Where a record lies: <paramref name="LengthBytes"/> bytes (header included) at
/// <paramref name="OffsetBytes"/> of a pack. A hint only: the record found there says what it is.</summary>
public readonly record struct RecordPlace(PackName Pack, uint OffsetBytes, uint LengthBytes)
{
    /// <summary>True for <c>default</c>, which stands for "not known".</summary>
    public bool IsUnknown => LengthBytes == 0;
}
