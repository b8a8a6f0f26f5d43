using HyperVBackup.Format;
using HyperVBackup.Repository.Maps;

namespace HyperVBackup.Repository.Packs;

/// <summary>The chunks that somebody is going to read, in his order, as the map names them. One thread at a time.
/// </summary>
internal sealed class UpcomingChunks(DiskMap map, IReadOnlyList<ChunkRange> ranges, INodeSource nodes)
{
    private readonly DiskMapReader reader = new(map, nodes);
    private DiskMapCursor? cursor;
    private int nextRange;

    /// <returns>Null where there are no more; or where a node cannot be read, of which who needs it is told.</returns>
    public async ValueTask<MapChunk?> NextAsync(CancellationToken token)
    {
        try
        {
            while (cursor is not null || nextRange < ranges.Count)
            {
                cursor ??= new DiskMapCursor(reader, ranges[nextRange].StartChunk, ranges[nextRange++].EndChunk);
                if (await cursor.MoveNextAsync(token))
                {
                    return cursor.Chunk;
                }

                cursor = null;
            }
        }
        catch (CorruptDataException)
        {
            (cursor, nextRange) = (null, ranges.Count);
        }

        return null;
    }
}
