namespace HyperVBackup.Disks.Vhd;

/// <summary>How a VHD keeps its disk; other values are reserved or of old.</summary>
internal enum VhdKind
{
    /// <summary>All of the disk, byte by byte, and the footer behind it.</summary>
    Fixed = 2,

    /// <summary>The blocks that were written.</summary>
    Dynamic = 3,

    /// <summary>The sectors that were written since the parent was.</summary>
    Differencing = 4,
}
