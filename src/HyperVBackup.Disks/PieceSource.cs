namespace HyperVBackup.Disks;

/// <summary>Where an image of a chain has bytes of the disk from.</summary>
internal enum PieceSource
{
    /// <summary>It says that they are zeros.</summary>
    Zeros,

    File,

    /// <summary>The image it builds on; where it builds on none, they are zeros.</summary>
    Parent,
}
