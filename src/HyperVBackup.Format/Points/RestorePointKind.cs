using System.Diagnostics.CodeAnalysis;

namespace HyperVBackup.Format.Points;

/// <summary>How a disk's state at a restore point was found.</summary>
[SuppressMessage("Design", "CA1008", Justification = "Zero is no kind, so that zeros cannot pass for a point.")]
[SuppressMessage("Design", "CA1028", Justification = "The width stored.")]
public enum RestorePointKind : byte
{
    /// <summary>Everything allocated was read.</summary>
    Full = 1,

    /// <summary>What a change source reported was read.</summary>
    Incremental = 2,

    /// <summary>Folded from change lists; the source was not read.</summary>
    Synthetic = 3,

    /// <summary>Compared by checksum with the parent, because changes were lost.</summary>
    Recovered = 4,
}
