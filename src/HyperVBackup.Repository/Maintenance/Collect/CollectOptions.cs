namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>What a <see cref="Collector"/> is to do.</summary>
public sealed record CollectOptions
{
    /// <summary>Only propose: nothing is written.</summary>
    public bool DryRun { get; init; }

    /// <summary>No other host uses the repository now: then a store may be collected in that shows other hosts' names
    /// late.</summary>
    public bool SingleHost { get; init; }

    /// <summary>How long a session that stands in the way may show no sign of life before it is fenced, by the
    /// collector's own clock.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>Packs of which a larger share is dead are rewritten, in percent.</summary>
    public int DeadPercentMax { get; init; } = 25;

    /// <summary>So many packs of less than a quarter of the usual size are merged.</summary>
    public int SmallPackCountMin { get; init; } = 8;

    /// <summary>What rewritten packs of chunks are to have, in bytes; those of maps a quarter.</summary>
    public long PackTargetBytes { get; init; } = Format.Limits.FormatLimits.ChunkPackTargetBytes;
}
