using HyperVBackup.Format.Maps;

namespace HyperVBackup.Repository.Maps;

/// <summary>Chunks that one look into a map decides: those of one node of level 1, or a run of zeros.</summary>
/// <param name="StartChunk">The first.</param>
/// <param name="EndChunk">One past the last; it may lie past the end of the disk.</param>
/// <param name="Leaf">The node of level 1; null for zeros.</param>
internal readonly record struct MapRegion(long StartChunk, long EndChunk, MapNode? Leaf)
{
    public bool Covers(long chunkIndex) => chunkIndex >= StartChunk && chunkIndex < EndChunk;
}
