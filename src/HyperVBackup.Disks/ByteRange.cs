namespace HyperVBackup.Disks;

/// <summary>A half-open, non-empty range <c>[StartBytes, EndBytes)</c>; <c>default</c> is not a valid one.</summary>
public readonly record struct ByteRange
{
    public ByteRange(long startBytes, long lengthBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(startBytes);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(lengthBytes);
        (StartBytes, EndBytes) = (startBytes, checked(startBytes + lengthBytes));
    }

    public long StartBytes { get; }

    public long EndBytes { get; }

    public long LengthBytes => EndBytes - StartBytes;

    public override string ToString() => $"[{StartBytes}, {EndBytes})";
}
