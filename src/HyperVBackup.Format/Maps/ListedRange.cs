namespace HyperVBackup.Format.Maps;

/// <summary>A half-open, non-empty range of a disk, as a range list stores it.</summary>
public readonly record struct ListedRange(long StartBytes, long LengthBytes)
{
    public long EndBytes => StartBytes + LengthBytes;
}
