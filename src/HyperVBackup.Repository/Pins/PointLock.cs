using System.Globalization;

namespace HyperVBackup.Repository.Pins;

/// <summary>One reason why a restore point may not go now.</summary>
/// <param name="IsOfEveryPoint">Whether all points of the repository are held so.</param>
/// <param name="Until">Of what is immutable.</param>
public sealed record PointLock(PointLockKind Kind, bool IsOfEveryPoint, DateTimeOffset? Until)
{
    /// <summary>Whether nothing that the point reaches may be deleted or rewritten either.</summary>
    public bool IsImmutable => Kind != PointLockKind.Pinned;

    /// <summary>In words, to stand after "stays: ".</summary>
    public override string ToString() => (IsOfEveryPoint ? "the whole repository is " : "") + Kind switch
    {
        PointLockKind.Pinned => "pinned",
        PointLockKind.Immutable => $"immutable until {UntilText}",
        PointLockKind.ClockDoubted => $"immutable until {UntilText}, which is more than a day past the newest "
            + "restore point, lease and pin: the clocks may have been set forward (--force believes them)",
        _ => "held by a pin that cannot be read ('pin --remove --force' removes it)",
    };

    private string UntilText =>
        Until!.Value.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
