namespace HyperVBackup.Repository.Maintenance.Prune;

/// <summary>What decides about a restore point.</summary>
public enum PruneReasonKind
{
    /// <summary>A rule of the policy.</summary>
    Rule,

    /// <summary>A pin.</summary>
    Lock,

    /// <summary>That no other point of its VM that can be read would be left.</summary>
    LastGood,

    /// <summary>That no other point that stays would know that a disk's change source was caught.</summary>
    OpenCatch,
}
