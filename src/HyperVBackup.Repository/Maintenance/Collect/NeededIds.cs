using HyperVBackup.Format;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>All that restore points reach: ids of chunks; and of map nodes and lists. Nothing of where they lie.
/// </summary>
internal sealed class NeededIds(PointRoots roots, Workshop workshop) : IDisposable
{
    /// <summary>What follows from these.</summary>
    public PointRoots Roots => roots;

    public Sorter<Digest> Chunks { get; } = workshop.NewIds();

    public Sorter<Digest> Maps { get; } = workshop.NewIds();

    public void Dispose()
    {
        Chunks.Dispose();
        Maps.Dispose();
    }
}
