namespace HyperVBackup.Hosts.VirtualDisks;

/// <summary>What a host tells of an open virtual disk.</summary>
/// <param name="DiskId">What tells the disk from any other; a child's is its parent's. Of a VHD, which
/// has none, the id of the image that its chain is built on.</param>
/// <param name="IsTracked">Whether change tracking is on.</param>
/// <param name="MostRecentId">The tracking id of its newest state; null or empty where it says none. Not to be relied
/// upon but as a sign that it stays or changes.</param>
public sealed record VirtualDiskFacts(
    Guid DiskId, long VirtualSizeBytes, int LogicalSectorSizeBytes, int PhysicalSectorSizeBytes, long BlockSizeBytes,
    bool IsTracked, string? MostRecentId)
{
    /// <summary>Whether its image is a VHD, of which no host tracks anything.</summary>
    public bool IsVhd { get; init; }

    /// <summary>As <see cref="Disks.IDisk.Identity"/> has it.</summary>
    public string Identity => DiskId.ToString("D");
}
