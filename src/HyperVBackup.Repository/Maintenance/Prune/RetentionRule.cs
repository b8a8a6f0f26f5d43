namespace HyperVBackup.Repository.Maintenance.Prune;

/// <summary>What a retention policy keeps one restore point of.</summary>
public enum RetentionRule
{
    /// <summary>Every point is a period of its own.</summary>
    Last,

    Hourly,
    Daily,

    /// <summary>ISO 8601: weeks begin on Monday; week 1 holds the year's first Thursday.</summary>
    Weekly,

    Monthly,
    Yearly,
}
