namespace HyperVBackup.RealParts.Faults;

/// <summary>What a <see cref="SmallDisk"/> is.</summary>
public enum SmallDiskKind
{
    /// <summary>A file system in memory, whose room is counted in whole pages.</summary>
    Memory,

    /// <summary>ext4 in an image file, which delays where it puts what is written.</summary>
    Ext4,
}
