namespace HyperVBackup.Disks.Vhdx;

/// <summary>What the block allocation table says of a block; 4 and 5 are reserved.</summary>
internal enum BlockState
{
    /// <summary>Not in this file: the parent's bytes, or zeros without a parent.</summary>
    NotPresent = 0,

    /// <summary>Content without meaning, read as zeros.</summary>
    Undefined = 1,

    Zero = 2,

    /// <summary>Given back by the guest, read as zeros.</summary>
    Unmapped = 3,

    FullyPresent = 6,

    /// <summary>A sector bitmap says which sectors are in this file and which in the parent.</summary>
    PartiallyPresent = 7,
}
