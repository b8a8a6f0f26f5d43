namespace HyperVBackup.Operations.Restore;

/// <summary>The kinds of disk image a restore can write.</summary>
public enum ImageFormat
{
    /// <summary>A dynamic VHDX: grows with what is in it.</summary>
    Vhdx,

    /// <summary>A fixed VHDX: all blocks in place, holes where the file system knows them.</summary>
    VhdxFixed,

    /// <summary>The disk's bytes and nothing else, sparse.</summary>
    Raw,
}
