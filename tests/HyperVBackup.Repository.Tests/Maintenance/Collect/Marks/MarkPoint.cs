using HyperVBackup.Format;

namespace HyperVBackup.Repository.Tests.Maintenance.Collect.Marks;

/// <summary>What a point names.</summary>
internal sealed class MarkPoint
{
    /// <summary>Numbers of chunks; 0 for zeros.</summary>
    public List<int[]> Disks { get; } = [];

    public List<(int Level, NodeId Id)> Tops { get; } = [];

    public List<ListId> Heads { get; } = [];

    public List<ListId> Files { get; } = [];
}
