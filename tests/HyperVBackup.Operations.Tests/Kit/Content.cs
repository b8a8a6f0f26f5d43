namespace HyperVBackup.Operations.Tests.Kit;

/// <summary>Bytes for disks, the same for the same seed.</summary>
internal static class Content
{
    public static byte[] Random(int lengthBytes, int seed)
    {
        byte[] bytes = new byte[lengthBytes];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    /// <summary>A disk full of random bytes, all of it written.</summary>
    public static MemoryDisk RandomDisk(int lengthBytes, int seed, string? identity = null) =>
        MemoryDisk.Of(Random(lengthBytes, seed), identity);

    /// <summary>Overwrites a range with other bytes.</summary>
    public static (long OffsetBytes, long LengthBytes) Change(
        this MemoryDisk disk, int offsetBytes, int lengthBytes, int seed)
    {
        disk.Write(offsetBytes, Random(lengthBytes, seed));
        return (offsetBytes, lengthBytes);
    }
}
