using System.Diagnostics.CodeAnalysis;

namespace HyperVBackup.Format;

/// <summary>What a file of a repository is, as in repo-format/file-header.md.</summary>
[SuppressMessage("Design", "CA1008", Justification = "Zero is no kind, so that an empty header cannot pass.")]
[SuppressMessage("Design", "CA1028", Justification = "The width stored.")]
public enum FileKind : ushort
{
    Repository = 1,
    ChunkPack = 2,
    MapPack = 3,
    RestorePoint = 4,
    Fence = 5,
    Lease = 6,
    PruneMark = 7,
    Condemned = 8,
    Retired = 9,
    Parity = 10,
    SignOfLife = 11,
    Pin = 12,
    DamageNote = 13,
    VerifiedNote = 14,
}
