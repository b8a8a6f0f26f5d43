using System.Diagnostics.CodeAnalysis;

namespace HyperVBackup.Format.Maps;

/// <summary>What a list record holds, as in repo-format/lists.md.</summary>
[SuppressMessage("Design", "CA1008", Justification = "Zero is no kind, so that zeros cannot pass for a list.")]
[SuppressMessage("Design", "CA1028", Justification = "The width stored.")]
public enum ListKind : byte
{
    /// <summary>Chunks that differ from the parent's, and their new ids.</summary>
    Changes = 1,

    /// <summary>Ranges the change source reported; of a recovery or full, where it has such a list, all that was read
    /// for it.</summary>
    ReportedRanges = 2,

    /// <summary>Ranges read although the change source called them unchanged.</summary>
    AuditedRanges = 3,

    /// <summary>One file of a virtual machine's configuration.</summary>
    ConfigurationFile = 4,

    /// <summary>The segments a list is made of.</summary>
    Head = 16,
}
