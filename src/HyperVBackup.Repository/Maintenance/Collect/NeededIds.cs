using HyperVBackup.Format;
using HyperVBackup.Repository.Maintenance.Collect.Marks;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>All that restore points reach: ids of chunks; and of map nodes and lists. Nothing of where they lie. One
/// thread at a time.</summary>
/// <param name="markingCount">How many markings led here from nothing, each going on from the one before.</param>
internal sealed class NeededIds(PointRoots roots, MarkedIds chunks, MarkedIds maps, int markingCount) : IDisposable
{
    /// <summary>What follows from these.</summary>
    public PointRoots Roots => roots;

    /// <summary>Ascending, each once; may be gone over again.</summary>
    public IEnumerable<Digest> Chunks => chunks.Read();

    /// <inheritdoc cref="Chunks"/>
    public IEnumerable<Digest> Maps => maps.Read();

    public MarkedIds ChunkMarks => chunks;

    public MarkedIds MapMarks => maps;

    public int MarkingCount => markingCount;

    public static NeededIds None() => new(new PointRoots(), MarkedIds.None(), MarkedIds.None(), 0);

    public void Dispose()
    {
        chunks.Dispose();
        maps.Dispose();
    }
}
