namespace HyperVBackup.Repository.Maintenance;

/// <summary>What of a pack's copy is checked.</summary>
[Flags]
internal enum PackParts
{
    None = 0,

    /// <summary>Header, footer, the ids that follow from page hashes, and recipes by themselves.</summary>
    Frame = 1,

    /// <summary>Every record, and that they fill the file.</summary>
    Records = 2,

    All = Frame | Records,
}
