using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Index;

/// <summary>
/// The index of the process that owns its files, where nothing good is saved in them. What it is told before the first
/// look-up or save is loaded past FASTER, in a fraction of the time; from then on it is an index as any other. The
/// files have no manifest until all that was loaded is in them: until then other processes find none, and go on with
/// one in memory. Thread-safe.
/// </summary>
internal sealed class LoadingIndex : IChunkIndex
{
    private readonly Lock gate = new();
    private readonly IndexFiles files;
    private readonly Func<FasterChunkIndex> open;
    private readonly HashSet<SessionId> noted = [];
    private IndexLoad? load; // null when it has ended
    private FasterChunkIndex? index; // null until then, and where it was given up

    /// <param name="files">Owned by the index from now on.</param>
    /// <param name="open">Opens what was saved, or an empty one where nothing was.</param>
    /// <exception cref="IOException">The folder cannot be used.</exception>
    public LoadingIndex(IndexFiles files, RepositoryId repository, IndexSizes sizes, Func<FasterChunkIndex> open)
    {
        (this.files, this.open) = (files, open);
        load = new IndexLoad(files, repository, sizes);
    }

    /// <inheritdoc/>
    public long EntryCount => Ask(load => load.EntryCount, index => index.EntryCount);

    /// <inheritdoc/>
    public long NotIndexedCount => Ask(load => load.NotIndexedCount, index => index.NotIndexedCount);

    /// <inheritdoc/>
    public ChunkIndexState State
    {
        get
        {
            lock (gate)
            {
                return load is null ? index?.State ?? ChunkIndexState.Abandoned
                    : load.IsFull ? ChunkIndexState.Full
                    : ChunkIndexState.Working;
            }
        }
    }

    /// <inheritdoc/>
    public void Find(ReadOnlySpan<ChunkId> ids, Span<RecordPlace> places)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(places.Length, ids.Length);
        places.Clear();
        EndLoading()?.Find(ids, places);
    }

    /// <inheritdoc/>
    public void Add(PackName pack, ReadOnlySpan<IndexEntry> entries)
    {
        IndexEntries.RequireChunkPack(pack);
        lock (gate)
        {
            if (load is not null)
            {
                TryLoad(pack, entries);
                return;
            }
        }

        index?.Add(pack, entries);
    }

    /// <inheritdoc/>
    public bool Covers(SessionId session)
    {
        lock (gate)
        {
            return index?.Covers(session) == true;
        }
    }

    /// <inheritdoc/>
    public void Cover(SessionId session)
    {
        lock (gate)
        {
            noted.Add(session); // of no use once there is an index
            index?.Cover(session);
        }
    }

    /// <inheritdoc/>
    public ValueTask SaveAsync(CancellationToken token)
    {
        token.ThrowIfCancellationRequested();
        return EndLoading()?.SaveAsync(token) ?? ValueTask.CompletedTask;
    }

    /// <summary>What was neither saved nor looked up is not kept.</summary>
    public async ValueTask DisposeAsync()
    {
        load?.Dispose();
        load = null;
        await (index?.DisposeAsync() ?? ValueTask.CompletedTask);
        files.Dispose();
    }

    private long Ask(Func<IndexLoad, long> whileLoading, Func<FasterChunkIndex, long> then)
    {
        lock (gate)
        {
            return load is not null ? whileLoading(load) : index is null ? 0 : then(index);
        }
    }

    private void TryLoad(PackName pack, ReadOnlySpan<IndexEntry> entries)
    {
        try
        {
            load!.Add(pack, entries);
        }
        catch (Exception error) when (IsFromSystem(error))
        {
            GiveUp();
        }
    }

    /// <returns>The index that there is now; null where it was given up.</returns>
    private FasterChunkIndex? EndLoading()
    {
        lock (gate)
        {
            if (load is null)
            {
                return index;
            }

            try
            {
                if (load.EntryCount > 0 || noted.Count > 0)
                {
                    load.Finish(noted);
                }

                load.Dispose();
                index = open();
                load = null;
            }
            catch (Exception error) when (IsFromSystem(error))
            {
                GiveUp();
            }

            return index;
        }
    }

    private void GiveUp()
    {
        load?.Dispose();
        load = null;
        files.Discredit();
    }

    private static bool IsFromSystem(Exception error) =>
        error is IOException or UnauthorizedAccessException or StoreException or CorruptDataException;
}
