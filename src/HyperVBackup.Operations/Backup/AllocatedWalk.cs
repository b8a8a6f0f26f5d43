using HyperVBackup.Disks;

namespace HyperVBackup.Operations.Backup;

/// <summary>Walks over the allocated ranges of a disk in steps, and ends early where it has gone or had the image read
/// as far as it may. Not thread-safe; nothing else may read the disk meanwhile.</summary>
internal sealed class AllocatedWalk(IDisk disk, int chunkSizeBytes, AuditReach reach)
{
    private readonly long metadataBytesBefore = disk.MetadataBytesRead;
    private long allowedBytes;
    private long walkedCount;

    /// <summary>The first chunk that the last walk did not come to.</summary>
    public long EndIndex { get; private set; }

    private bool IsSpent => walkedCount >= reach.ChunkCountMax
        || disk.MetadataBytesRead - metadataBytesBefore - allowedBytes > reach.MetadataBytesMax;

    /// <summary>Lets the walk have more of the image's metadata read.</summary>
    public void Allow(long furtherMetadataBytes) => allowedBytes += furtherMetadataBytes;

    /// <returns>Ascending, not overlapping; may touch.</returns>
    public IEnumerable<ByteRange> Over(long startIndex, long endIndex)
    {
        EndIndex = startIndex;
        while (EndIndex < endIndex && !IsSpent)
        {
            long count = Math.Min(reach.StepChunkCount, reach.ChunkCountMax - walkedCount);
            long stepEnd = Math.Min(endIndex, EndIndex + count);
            foreach (ByteRange range in AllocatedChunks.RangesOf(disk, EndIndex, stepEnd, chunkSizeBytes))
            {
                yield return range;
            }

            walkedCount += stepEnd - EndIndex;
            EndIndex = stepEnd;
        }
    }
}
