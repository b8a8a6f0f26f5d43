using System.Diagnostics.CodeAnalysis;

namespace HyperVBackup.Format.Points;

/// <summary>What the session of a lease does.</summary>
[SuppressMessage("Design", "CA1008", Justification = "Zero is no kind, so that zeros cannot pass for a lease.")]
[SuppressMessage("Design", "CA1028", Justification = "The width stored.")]
public enum LeaseKind : byte
{
    Backup = 1,
    Synthesize = 2,
    Recover = 3,
    Restore = 4,
    Verify = 5,
    Repack = 6,
    Protect = 7,
}
