namespace HyperVBackup.Disks.Vhd;

/// <summary>Bounds of the VHD format, and of what this reader accepts of it.</summary>
internal static class VhdLimits
{
    public const int SectorSizeBytes = 512;

    public const long VirtualSizeBytesMax = 2040L << 30;

    /// <summary>Windows makes blocks of 512 KiB and 2 MiB.</summary>
    public const uint BlockSizeBytesMin = 4 << 10;
    public const uint BlockSizeBytesMax = 256 << 20;

    /// <summary>Most blocks of a disk: the largest disk in blocks of 512 KiB has a few less. Bounds the memory of
    /// <see cref="BlockTable"/>.</summary>
    public const long BlockCountMax = 4 << 20;

    /// <summary>Most blocks that the file has room for. Bounds the memory of <see cref="BlockPlaces"/>.</summary>
    public const long BlockPlaceCountMax = 2 * BlockCountMax;

    public const int LocatorCount = 8;
    public const int LocatorLengthBytesMax = 64 << 10;
}
