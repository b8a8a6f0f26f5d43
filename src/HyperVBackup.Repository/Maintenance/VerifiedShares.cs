namespace HyperVBackup.Repository.Maintenance;

/// <summary>What of the packs was read and checked how lately, as the notes say that all hosts share. Times are by the
/// clocks of the hosts that read, and stand for whole slices: the earliest that anything of one was read.</summary>
public sealed record VerifiedShares
{
    /// <summary>The ages told, in days.</summary>
    public static IReadOnlyList<int> Days { get; } = [1, 7, 30, 90];

    /// <summary>Bytes of chunk packs, and of map packs in both copies.</summary>
    public required long TotalBytes { get; init; }

    /// <summary>Of these, read within so many <see cref="Days"/>.</summary>
    public required IReadOnlyList<long> BytesWithin { get; init; }

    /// <summary>Of these, never read since they were written.</summary>
    public required long NeverBytes { get; init; }

    /// <summary>When that was read which was read longest ago; null where nothing was ever.</summary>
    public required DateTimeOffset? Oldest { get; init; }

    /// <summary>When all but the data of chunks was read last; null for never.</summary>
    public required DateTimeOffset? StructureTime { get; init; }

    /// <summary>How much of the rotation through the chunk packs is done, from 0 to 1.</summary>
    public required double RotationShare { get; init; }
}
