using HyperVBackup.Format;
using HyperVBackup.Format.Maps;

namespace HyperVBackup.Repository.Maps;

/// <summary>Stores the list of the chunks that differ from the parent's. Not thread-safe; useless after an exception.
/// </summary>
/// <param name="sink">Takes the segments as they fill up, and the head.</param>
/// <param name="hasher">The repository's.</param>
public sealed class ChangeListWriter(IMapSink sink, ContentHasher hasher)
{
    private readonly ListWriter<ChangedChunk> list =
        new(ListKind.Changes, ChangeListSegment.Write, change => change.ChunkIndex, sink, hasher);

    private long nextChunkIndex;

    /// <param name="change">With a higher index than the one before.</param>
    /// <exception cref="ArgumentOutOfRangeException">Out of order.</exception>
    public ValueTask AddAsync(ChangedChunk change, CancellationToken token)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(change.ChunkIndex, nextChunkIndex, nameof(change));
        nextChunkIndex = change.ChunkIndex + 1;
        return list.AddAsync(change, token);
    }

    /// <summary>Stores the rest, and gives what the restore point names the list by: without changes, the empty list.
    /// Nothing can be added afterwards.</summary>
    public Task<ListReference> FinishAsync(CancellationToken token) => list.FinishAsync(token);
}
