namespace HyperVBackup.Repository.Pins;

/// <summary>Why a restore point may not go.</summary>
public enum PointLockKind
{
    /// <summary>Somebody pinned it; whoever wants to may remove the pin.</summary>
    Pinned,

    /// <summary>It is immutable until a time that has not come.</summary>
    Immutable,

    /// <summary>It is immutable until a time that both clocks have reached; but that time is more than a day past the
    /// newest that the repository knows of, so the clocks may have been set forward.</summary>
    ClockDoubted,

    /// <summary>A pin of it cannot be read.</summary>
    Unreadable,
}
