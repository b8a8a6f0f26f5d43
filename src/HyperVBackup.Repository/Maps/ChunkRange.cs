namespace HyperVBackup.Repository.Maps;

/// <summary>The chunks <c>[StartChunk, EndChunk)</c> of a disk.</summary>
/// <param name="StartChunk">The index of the first.</param>
/// <param name="EndChunk">One past that of the last.</param>
public readonly record struct ChunkRange(long StartChunk, long EndChunk)
{
    public long ChunkCount => EndChunk - StartChunk;
}
