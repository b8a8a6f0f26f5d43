using HyperVBackup.Format;
using HyperVBackup.Format.Packs;

namespace HyperVBackup.Repository.Index;

/// <summary>
/// Chunk id → place, as a cache: it may forget, and it may know places that are gone; nothing but speed and
/// deduplication may depend on it. All members are thread-safe, one batch at a time. None fails for damaged, full or
/// lost storage: the index turns <see cref="ChunkIndexState.Abandoned"/> instead.
/// </summary>
public interface IChunkIndex : IAsyncDisposable
{
    /// <summary>How many chunks it was told of, about: a chunk told of twice may count twice.</summary>
    long EntryCount { get; }

    /// <summary>Chunks that were not taken since it became <see cref="ChunkIndexState.Full"/>, in this process and in
    /// those before it: they are stored again where they are met again.</summary>
    long NotIndexedCount { get; }

    /// <summary>Whether it still looks up and takes entries.</summary>
    ChunkIndexState State { get; }

    /// <summary>Looks up a batch: <c>places[i]</c> is where <c>ids[i]</c> may lie, or <c>default</c>.</summary>
    /// <param name="places">As long as <paramref name="ids"/>.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    void Find(ReadOnlySpan<ChunkId> ids, Span<RecordPlace> places);

    /// <summary>Adds the chunks of one published chunk pack; a newer place replaces an older one. Entries of the zero
    /// chunk or without length are passed over.</summary>
    /// <exception cref="ArgumentException"><paramref name="pack"/> is no chunk pack.</exception>
    void Add(PackName pack, ReadOnlySpan<IndexEntry> entries);

    /// <summary>True where the packs of <paramref name="session"/> were all added and saved (see <see cref="Cover"/>):
    /// then every chunk of them is found.</summary>
    bool Covers(SessionId session);

    /// <summary>Notes that all packs a decided session published have been added.</summary>
    void Cover(SessionId session);

    /// <summary>Saves everything added so far, so that the next opening finds it; a crash before keeps the last save.
    /// Does nothing where the index is not kept.</summary>
    /// <exception cref="OperationCanceledException">Cancelled before the save began.</exception>
    ValueTask SaveAsync(CancellationToken token);
}
