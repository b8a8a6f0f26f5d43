namespace HyperVBackup.Repository.Maintenance.Repair;

/// <summary>How deep to look, and what to heal from.</summary>
public sealed record RepairOptions
{
    /// <summary>Says what would be done, and from where; writes nothing but the lease that it reads under, and keeps in
    /// memory what a repair would write.</summary>
    public bool DryRun { get; init; }

    /// <summary>Reads, decodes and hashes every chunk first. Else only structure is checked, and what is noted.
    /// </summary>
    public bool ReadData { get; init; }

    /// <summary>Other repositories of the same chunk size, in the order in which they are asked.</summary>
    public IReadOnlyList<BackupRepository> Others { get; init; } = [];

    /// <summary>Disks as they are now; null for none.</summary>
    public ILiveDisks? LiveDisks { get; init; }

    /// <summary>Packs checked side by side; at least 1.</summary>
    public int WorkerCount { get; init; } = Environment.ProcessorCount;
}
