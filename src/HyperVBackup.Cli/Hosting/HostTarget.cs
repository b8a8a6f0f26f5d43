namespace HyperVBackup.Cli.Hosting;

/// <summary>A machine, or a group of machines, to back up through its host, or the reason why it cannot be.</summary>
/// <param name="Name">What people call it; what was asked for where it was not found.</param>
/// <param name="Id">Null where it was not found.</param>
/// <param name="Node">Where it is.</param>
/// <param name="Obstacle">One sentence; null where it can be backed up.</param>
internal sealed record HostTarget(string Name, Guid? Id, string Node, string? Obstacle = null)
{
    /// <summary>Whether it is a group: all its machines are backed up as of one moment, as one restore point.</summary>
    public bool IsGroup { get; init; }
}
