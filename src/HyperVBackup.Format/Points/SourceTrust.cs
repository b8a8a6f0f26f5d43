using System.Diagnostics.CodeAnalysis;

namespace HyperVBackup.Format.Points;

/// <summary>Whether a disk's change source is believed.</summary>
[SuppressMessage("Design", "CA1028", Justification = "The width stored.")]
public enum SourceTrust : byte
{
    /// <summary>It was never caught.</summary>
    Undoubted = 0,

    /// <summary>An audit caught it, and no full comparison has found it right since.</summary>
    Distrusted = 1,

    /// <summary>It was caught before, and a full comparison found it right, at this point or an earlier one.</summary>
    Restored = 2,
}
