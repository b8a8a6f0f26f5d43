namespace HyperVBackup.Operations.Backup.Resume;

/// <summary>What reading a run of chunks found.</summary>
internal enum ComparedKind : byte
{
    /// <summary>The parent's chunks; without a parent, zeros.</summary>
    Same = 1,

    /// <summary>Zeros.</summary>
    Zeros = 2,

    /// <summary>Other chunks, which have ids.</summary>
    Found = 3,
}
