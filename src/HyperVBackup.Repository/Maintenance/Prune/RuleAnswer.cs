namespace HyperVBackup.Repository.Maintenance.Prune;

/// <summary>What a rule says of a restore point.</summary>
public enum RuleAnswer
{
    /// <summary>It is the newest of one of the last periods that have a point.</summary>
    Keeps,

    /// <summary>A newer point lies in its period.</summary>
    HasNewer,

    /// <summary>As many newer periods as the rule keeps have a point.</summary>
    TooOld,
}
