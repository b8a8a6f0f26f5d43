using System.Diagnostics.CodeAnalysis;

namespace HyperVBackup.Format.Records;

/// <summary>What a record holds, as in repo-format/record.md.</summary>
[SuppressMessage("Design", "CA1008", Justification = "Zero is no type, so that zeros cannot pass for a record.")]
[SuppressMessage("Design", "CA1028", Justification = "The width stored.")]
public enum RecordType : byte
{
    /// <summary>The non-zero pages of one chunk, or those of them that stood nowhere yet.</summary>
    Whole = 1,

    /// <summary>The recipe of a chunk whose pages stand in whole records.</summary>
    Delta = 2,

    Node = 3,
    List = 4,
    RestorePoint = 5,
    Settings = 6,
    Lease = 7,
    PruneMark = 8,

    /// <summary>What a collection proposes to delete, or deletes.</summary>
    CollectionSet = 9,
    SignOfLife = 10,
    Pin = 11,
    DamageNote = 13,
    VerifiedNote = 14,
}
