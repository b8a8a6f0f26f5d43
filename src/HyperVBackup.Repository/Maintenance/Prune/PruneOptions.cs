namespace HyperVBackup.Repository.Maintenance.Prune;

/// <summary>What to prune.</summary>
public sealed record PruneOptions
{
    /// <summary>Which points of each VM to keep.</summary>
    public required RetentionPolicy Policy { get; init; }

    /// <summary>Only this VM's points, by its name or GUID; null for all.</summary>
    public string? Vm { get; init; }

    /// <summary>Also lets go a VM's last point that can be read, and believes clocks that are more than a day past all
    /// that the repository knows of.</summary>
    public bool Force { get; init; }

    /// <summary>Whether to find out how much space the points that go take.</summary>
    public bool MeasureSpace { get; init; }
}
