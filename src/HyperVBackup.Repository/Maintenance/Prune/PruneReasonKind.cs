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
}
