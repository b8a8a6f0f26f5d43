using HyperVBackup.Format;
using HyperVBackup.Format.Packs;

namespace HyperVBackup.Repository.Index;

/// <summary>
/// Chunk id → place, as a cache: it may forget, and it may know places that are gone; nothing but speed and
/// deduplication may depend on it. One writer at a time.
/// </summary>
public interface IChunkIndex : IAsyncDisposable
{
    /// <summary>How many chunks it was told of, about.</summary>
    long EntryCount { get; }

    /// <summary>Looks up a batch: <c>places[i]</c> is where <c>ids[i]</c> may lie, or <c>default</c>.</summary>
    /// <param name="places">As long as <paramref name="ids"/>.</param>
    void Find(ReadOnlySpan<ChunkId> ids, Span<RecordPlace> places);

    /// <summary>Adds the chunks of one published pack; a newer place replaces an older one.</summary>
    void Add(PackName pack, ReadOnlySpan<IndexEntry> entries);

    /// <summary>True where the packs of <paramref name="session"/> were all added and saved (see <see cref="Cover"/>).</summary>
    bool Covers(SessionId session);

    /// <summary>Notes that all packs a decided session published have been added.</summary>
    void Cover(SessionId session);

    /// <summary>Saves everything added so far, so that the next opening finds it; a crash before keeps the last save.</summary>
    ValueTask SaveAsync(CancellationToken token);
}
