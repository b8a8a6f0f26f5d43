namespace HyperVBackup.Disks.Vhdx;

/// <summary>Bounds of the VHDX format, and of what this reader accepts of it.</summary>
internal static class VhdxLimits
{
    public const long MiB = 1 << 20;

    public const long VirtualSizeBytesMax = 64L << 40;
    public const long BlockSizeBytesMin = MiB;
    public const long BlockSizeBytesMax = 256 * MiB;
    public const int LogicalSectorSizeBytesSmall = 512;
    public const int LogicalSectorSizeBytesLarge = 4096;

    /// <summary>Sectors that one block of the sector bitmap (1 MiB) speaks for.</summary>
    public const long SectorsPerBitmapBlock = 1 << 23;
    public const int SectorBitmapBlockSizeBytes = 1 << 20;

    /// <summary>Longest file: the largest disk and room for its structures. Bounds the memory of <see cref="FileMap"/>.
    /// </summary>
    public const long FileLengthBytesMax = VirtualSizeBytesMax + (1L << 40);

    public const int RegionCountMax = 2047;
    public const int MetadataEntryCountMax = 2047;
    public const int MetadataSystemEntryCountMax = 1023;
    public const int MetadataUserEntryCountMax = 1024;
    public const int MetadataItemSizeBytesMax = 1 << 20;
    public const int LocatorEntryCountMax = 256;

    /// <summary>Longest log that is replayed, which bounds the memory it takes; Windows makes logs of 1 MiB.</summary>
    public const long LogLengthBytesMax = 256 * MiB;
}
