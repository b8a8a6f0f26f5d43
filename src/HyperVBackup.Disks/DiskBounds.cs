namespace HyperVBackup.Disks;

/// <summary>Refuses ranges that do not lie inside a disk.</summary>
internal static class DiskBounds
{
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the disk.</exception>
    public static void Require(long offsetBytes, long lengthBytes, long virtualSizeBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offsetBytes);
        ArgumentOutOfRangeException.ThrowIfNegative(lengthBytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lengthBytes, virtualSizeBytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offsetBytes, virtualSizeBytes - lengthBytes);
    }
}
