using HyperVBackup.Format;

namespace HyperVBackup.Repository.Maps;

/// <summary>
/// Goes over the chunks of a range that are not zeros, ascending. A subtree of zeros costs one step whatever its size.
/// Not thread-safe.
/// </summary>
/// <param name="reader">Best not used elsewhere meanwhile, for speed.</param>
/// <param name="startChunk">The first chunk of the range.</param>
/// <param name="endChunk">One past the last; past the end of the disk there is nothing.</param>
public sealed class DiskMapCursor(DiskMapReader reader, long startChunk, long endChunk)
{
    private readonly long endChunk = Math.Min(endChunk, reader.Map.ChunkCount);
    private long nextChunkIndex = startChunk;

    /// <summary>The index of the chunk that the cursor stands on.</summary>
    public long ChunkIndex { get; private set; } = -1;

    /// <summary>The chunk that the cursor stands on; never zero.</summary>
    public MapChunk Chunk { get; private set; }

    /// <summary>Goes to the next chunk; false where there is none.</summary>
    /// <exception cref="CorruptDataException">A node cannot be read.</exception>
    public async ValueTask<bool> MoveNextAsync(CancellationToken token)
    {
        while (nextChunkIndex < endChunk)
        {
            MapRegion region = await reader.RegionAtAsync(nextChunkIndex, token);
            if (region.Leaf is null)
            {
                nextChunkIndex = region.EndChunk;
                continue;
            }

            Chunk = DiskMapReader.ChunkOf(region, nextChunkIndex);
            ChunkIndex = nextChunkIndex++;
            if (!Chunk.Id.IsZero)
            {
                return true;
            }
        }

        return false;
    }
}
