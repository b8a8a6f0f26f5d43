using System.Diagnostics.CodeAnalysis;

namespace HyperVBackup.Format.Points;

/// <summary>What the virtual machine's programs knew of the backup.</summary>
[SuppressMessage("Design", "CA1028", Justification = "The width stored.")]
public enum Consistency : byte
{
    Unknown = 0,

    /// <summary>As after a power cut.</summary>
    Crash = 1,

    /// <summary>Programs had written their state to disk.</summary>
    Application = 2,

    /// <summary>The machine was off.</summary>
    Offline = 3,
}
