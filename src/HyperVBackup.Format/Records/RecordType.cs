using System.Diagnostics.CodeAnalysis;

namespace HyperVBackup.Format.Records;

/// <summary>What a record holds, as in repo-format/record.md.</summary>
[SuppressMessage("Design", "CA1008", Justification = "Zero is no type, so that zeros cannot pass for a record.")]
[SuppressMessage("Design", "CA1028", Justification = "The width stored.")]
public enum RecordType : byte
{
    /// <summary>The non-zero pages of one chunk.</summary>
    Whole = 1,

    /// <summary>Reserved: the literal pages of a chunk and a recipe for the others. Refused by this version.</summary>
    Delta = 2,

    Node = 3,
    List = 4,
    RestorePoint = 5,
    Settings = 6,
    Lease = 7,
}
