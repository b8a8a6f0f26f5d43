using System.Buffers;
using HyperVBackup.Format;
using HyperVBackup.Format.Packs;

namespace HyperVBackup.Repository.Index;

/// <summary>The index of a process that is not alone: what was saved when it started, read only, and its own
/// additions in memory. Nothing of it is kept. Thread-safe.</summary>
/// <param name="saved">Owned by the view.</param>
/// <param name="own">Owned by the view.</param>
internal sealed class ChunkIndexView(FasterChunkIndex saved, MemoryChunkIndex own) : IChunkIndex
{
    /// <inheritdoc/>
    public long EntryCount => saved.EntryCount + own.EntryCount;

    /// <inheritdoc/>
    public long NotIndexedCount => saved.NotIndexedCount + own.NotIndexedCount;

    /// <inheritdoc/>
    public ChunkIndexState State =>
        saved.State == ChunkIndexState.Abandoned ? ChunkIndexState.Abandoned : own.State;

    /// <inheritdoc/>
    public void Find(ReadOnlySpan<ChunkId> ids, Span<RecordPlace> places)
    {
        RecordPlace[] ownPlaces = ArrayPool<RecordPlace>.Shared.Rent(ids.Length);
        own.Find(ids, ownPlaces.AsSpan(0, ids.Length));
        saved.Find(ids, places);
        for (int position = 0; position < ids.Length; position++)
        {
            if (!ownPlaces[position].IsUnknown)
            {
                places[position] = ownPlaces[position];
            }
        }

        ArrayPool<RecordPlace>.Shared.Return(ownPlaces);
    }

    /// <inheritdoc/>
    public void Add(PackName pack, ReadOnlySpan<IndexEntry> entries) => own.Add(pack, entries);

    /// <inheritdoc/>
    public bool Covers(SessionId session) => saved.Covers(session);

    /// <summary>Does nothing: nothing is saved, so nothing more is covered.</summary>
    public void Cover(SessionId session)
    {
    }

    /// <summary>Does nothing.</summary>
    public ValueTask SaveAsync(CancellationToken token)
    {
        token.ThrowIfCancellationRequested();
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => saved.DisposeAsync();
}
