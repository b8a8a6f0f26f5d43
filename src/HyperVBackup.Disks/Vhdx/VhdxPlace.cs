namespace HyperVBackup.Disks.Vhdx;

/// <summary>Rules for the place of a log or region.</summary>
internal static class VhdxPlace
{
    /// <summary>Null, or what is wrong with a place as a clause that follows "that".</summary>
    public static string? Problem(ulong offsetBytes, uint lengthBytes, long fileLengthBytes)
    {
        if (offsetBytes % VhdxLimits.MiB != 0 || lengthBytes % VhdxLimits.MiB != 0)
        {
            return $"is not on whole MiB ({lengthBytes} bytes at {offsetBytes})";
        }
        if (lengthBytes == 0 || offsetBytes < VhdxLimits.MiB)
        {
            return $"is empty or in the file's first MiB ({lengthBytes} bytes at {offsetBytes})";
        }
        return offsetBytes > (ulong)fileLengthBytes || lengthBytes > (ulong)fileLengthBytes - offsetBytes
            ? $"does not lie inside the file ({lengthBytes} bytes at {offsetBytes} of {fileLengthBytes})"
            : null;
    }
}
