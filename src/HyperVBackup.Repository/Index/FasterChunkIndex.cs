using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using FASTER.core;
using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Index;

/// <summary>
/// The index of one repository on one host: a log of 40-byte entries in a file, written by FASTER, whose hash table and
/// memory hold the newest of them (the tail); where the others lie says a settled table. Its promise: <b>where
/// <see cref="Covers"/> says true, every chunk of that session is found, at the place last added, or the index is
/// abandoned</b>, whatever happened to its files.
/// <code>
/// memory sum (sizes: IndexSizes)     --memory 1 GiB: 512 MiB   2 GiB: 1.5 GiB   4 GiB: 3.5 GiB
/// FASTER's hash table, 9 bytes each                   16 MiB           64 MiB          128 MiB
///   its overflow buckets, at most half of that         8 MiB           32 MiB           64 MiB
/// FASTER's newest entries in memory                   32 MiB           64 MiB           64 MiB
/// sorting the tail when it is settled, 8 bytes each   14 MiB           56 MiB          112 MiB
/// buffers                                              2 MiB            2 MiB            2 MiB
/// settled table, 8 bytes an entry                    440 MiB         1318 MiB         3214 MiB
/// so many entries at most                       57.7 million    172.8 million    421.3 million
///   whole chunks of 64 KiB with a hook each          1.7 TiB          5.1 TiB         12.6 TiB
///   half of that, and then without hooks             2.6 TiB          7.7 TiB         18.8 TiB
/// </code>
/// Beside it: the table's directory, 12 bytes for each group of 256 to 512 entries (3 MiB at 100 million), and 56
/// bytes a pack and a covered session; and while the tail is settled, eight of the table's 4096 regions a few times
/// over (2, 7 and 16 MiB at most). A part that is not used takes no memory: the settled table is read as far as
/// look-ups ask for it. <b>The budget is kept by giving up deduplication</b>: entries that are too many are not taken,
/// and counted (<see cref="NotIndexedCount"/>).
/// <list type="number">
/// <item>Three files, <c>log</c>, <c>table-N</c> and <c>manifest</c>, and a lock held as long as the process lives. The
/// log is append-only: below the end of a completed save no byte is written again. A table is written once. The
/// manifest is replaced whole once log and table are on the disk, so what it describes is there at any crash: it holds
/// FASTER's account of the checkpoint, the table's mark, sums of the tail, the packs, and the covered sessions.</item>
/// <item>Opening trusts nothing: manifest, tail and the table's directory are checked before they are used, groups of
/// the table and settled entries where they are first read, and some entries of each part must be found. Any doubt
/// gives an empty index, which covers nothing, so that the caller adds the sessions again. Opening costs the tail
/// (0.3 s a million entries), not the rest.</item>
/// <item>FASTER's hash table is never saved: recovery replays the tail. What is settled lies before the begin of
/// FASTER's log, which it neither reads nor finds any more. So its checkpoint files are not needed, which it cannot
/// check, writes badly beyond 2 GiB and deletes in an order that loses them.</item>
/// <item>Entries carry a check of key, place and repository (<see cref="StoredPlace"/>). A wrong one, or any read or
/// write that failed, abandons the index and removes its manifest.</item>
/// <item>FASTER never hears of failed I/O, for it would wait for ever; and everything that may hang runs under a
/// <see cref="Watchdog"/>.</item>
/// </list>
/// </summary>
internal sealed class FasterChunkIndex : IChunkIndex
{
    private readonly IndexFiles files;
    private readonly Watchdog watchdog;
    private readonly LogDevice device;
    private readonly RepositoryId repository;
    private readonly IndexSizes sizes;
    private readonly ulong salt;
    private readonly List<PackName> packs;
    private readonly HashSet<SessionId> noted = [];
    private readonly HashSet<SessionId> covered;
    private readonly IndexStore store;
    private readonly SettledEntries settled;
    private byte[] sums;
    private long entryCount;
    private long notIndexedCount;
    private bool isChanged;
    private volatile ChunkIndexState state;

    /// <param name="files">Owned by the index from now on.</param>
    /// <param name="device">Owned by the index from now on; open at what <paramref name="saved"/> describes.</param>
    /// <exception cref="Exception">Whatever FASTER throws. Call it apart.</exception>
    public FasterChunkIndex(
        IndexFiles files, Watchdog watchdog, LogDevice device, IndexManifest saved, IndexSizes sizes)
    {
        (this.files, this.watchdog, this.device, this.sizes) = (files, watchdog, device, sizes);
        repository = saved.Repository;
        salt = IndexProbe.SaltOf(repository);
        (packs, sums, covered) = ([.. saved.Packs], saved.Sums, [.. saved.Sessions]);
        LogSums.Verify(device.File, sums, saved.SettledEndBytes, device.SavedBytes);
        settled = new SettledEntries(
            files, device.File, saved.Table, saved.SettledEndBytes, salt, sizes.SettledBytesMax,
            watchdog.NoteStep);
        try
        {
            store = new IndexStore(device, sizes, saved.Mark);
            Corrupt.Unless(store.BeginBytes == settled.EndBytes, "index log: begin");
            Corrupt.Unless(store.EndBytes == saved.Mark.EndBytes, "index log: end");
            IndexProbe.Check(device.File, salt, settled, store);
            RequireNoFault();
        }
        catch
        {
            settled.Dispose();
            throw;
        }

        entryCount = settled.Count + store.EntryCount;
        state = entryCount < sizes.EntryCountMax ? ChunkIndexState.Working : ChunkIndexState.Full;
        notIndexedCount = state == ChunkIndexState.Full ? saved.NotIndexedCount : 0; // the rest gets another chance
    }

    /// <inheritdoc/>
    public long EntryCount => Interlocked.Read(ref entryCount);

    /// <inheritdoc/>
    public long NotIndexedCount => Interlocked.Read(ref notIndexedCount);

    /// <inheritdoc/>
    public ChunkIndexState State => state;

    /// <summary>The file of the settled table in use; null where there is none.</summary>
    public string? TablePath => settled.Mark.IsNone ? null : files.TablePathOf(settled.Mark.Number);

    /// <summary>The packs it was told of, in whatever state they are now.</summary>
    public IReadOnlyList<PackName> Packs => packs;

    /// <summary>Why it was abandoned.</summary>
    public Exception? Cause { get; private set; }

    /// <inheritdoc/>
    [SuppressMessage("Design", "CA1031", Justification = "FASTER throws anything; the index is given up then.")]
    public void Find(ReadOnlySpan<ChunkId> ids, Span<RecordPlace> places)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(places.Length, ids.Length);
        places.Clear();
        if (!TryEnter())
        {
            return;
        }

        try
        {
            for (int start = 0; start < ids.Length && state != ChunkIndexState.Abandoned;)
            {
                int count = Math.Min(ids.Length - start, PlaceFunctions.BatchCountMax);
                FindBatch(ids.Slice(start, count), places.Slice(start, count));
                start += count;
                watchdog.NoteStep();
            }
        }
        catch (Exception error)
        {
            Abandon(error);
            places.Clear();
        }
        finally
        {
            watchdog.Exit();
        }
    }

    /// <inheritdoc/>
    public void Add(PackName pack, ReadOnlySpan<IndexEntry> entries)
    {
        IndexEntries.RequireChunkPack(pack);
        if (state == ChunkIndexState.Abandoned)
        {
            return;
        }

        IndexEntry[] copy = ArrayPool<IndexEntry>.Shared.Rent(entries.Length);
        int count = entries.Length;
        entries.CopyTo(copy);
        if (watchdog.RunApart(() => AddAll(pack, copy.AsSpan(0, count))) is { } failure)
        {
            Abandon(failure); // The thread left behind may still use the copy: it is not given back.
        }
        else
        {
            ArrayPool<IndexEntry>.Shared.Return(copy);
        }
    }

    /// <inheritdoc/>
    public bool Covers(SessionId session)
    {
        if (!TryEnter())
        {
            return false;
        }

        bool isCovered = state != ChunkIndexState.Abandoned && covered.Contains(session);
        watchdog.Exit();
        return isCovered;
    }

    /// <inheritdoc/>
    public void Cover(SessionId session)
    {
        if (!TryEnter())
        {
            return;
        }

        if (state == ChunkIndexState.Working && !covered.Contains(session))
        {
            noted.Add(session);
        }

        watchdog.Exit();
    }

    /// <inheritdoc/>
    public async ValueTask SaveAsync(CancellationToken token)
    {
        token.ThrowIfCancellationRequested();
        if (state != ChunkIndexState.Abandoned
            && await watchdog.RunApartAsync(Save).ConfigureAwait(false) is { } failure)
        {
            Abandon(failure);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (state != ChunkIndexState.Abandoned)
        {
            await watchdog.RunApartAsync(store.Dispose).ConfigureAwait(false);
            state = ChunkIndexState.Abandoned;
        }

        GiveBackTable();
        device.Dispose();
        files.Dispose();
    }

    private void FindBatch(ReadOnlySpan<ChunkId> ids, Span<RecordPlace> places)
    {
        foreach (ref readonly ChunkId id in ids)
        {
            settled.Prefetch(IndexKey.Of(in id));
        }

        ReadOnlySpan<StoredPlace> found = store.EntryCount == 0 ? default : store.Find(ids);
        for (int position = 0; position < ids.Length; position++)
        {
            IndexKey key = IndexKey.Of(in ids[position]);
            StoredPlace place = found.IsEmpty || found[position].IsNone ? settled.Find(in key) : found[position];
            if (!place.IsNone)
            {
                Corrupt.Unless(place.Fits(in key, salt), "index entry: check");
                places[position] = place.In(packs[checked((int)place.PackOrdinal)]);
            }
        }

        RequireNoFault();
    }

    private void AddAll(PackName pack, ReadOnlySpan<IndexEntry> entries)
    {
        long roomCount = state == ChunkIndexState.Working ? sizes.EntryCountMax - entryCount : 0;
        uint ordinal = (uint)packs.Count;
        packs.Add(pack);
        foreach (IndexEntry entry in entries)
        {
            if (!IndexEntries.IsIndexed(entry)
                || !IndexEntries.HasRoomFor(entry, sizes.EntryCountMax - roomCount, sizes.EntryCountMax))
            {
                continue;
            }

            isChanged = true;
            if (roomCount-- <= 0)
            {
                Refuse();
                continue;
            }

            IndexKey key = IndexKey.Of(entry.Id);
            store.Upsert(key, new StoredPlace(in key, ordinal, entry.OffsetBytes, entry.LengthBytes, salt));
        }

        RequireNoFault();
        if (store.EntryCount >= sizes.TailCountMax)
        {
            Settle();
        }

        Interlocked.Exchange(ref entryCount, settled.Count + store.EntryCount);
    }

    /// <summary>What was added so far stays, but no session can be covered from here on, also none that was only noted.
    /// </summary>
    private void Refuse()
    {
        Interlocked.Increment(ref notIndexedCount);
        noted.Clear();
        state = state == ChunkIndexState.Working ? ChunkIndexState.Full : state;
    }

    /// <summary>Hands the tail over from FASTER to the settled table.</summary>
    private void Settle()
    {
        LogMark mark = store.Checkpoint(); // puts all of it in the file
        RequireNoFault();
        settled.Take(mark.EndBytes);
        store.Forget(mark.EndBytes);
        sums = [];
        RequireNoFault();
    }

    private void Save()
    {
        if (state == ChunkIndexState.Abandoned || (!isChanged && noted.Count == 0))
        {
            return;
        }

        if (store.EntryCount >= sizes.SettleCount(settled.Count))
        {
            Settle();
        }

        LogMark mark = store.EndBytes == LogMark.FirstEntryBytes ? LogMark.None : store.Checkpoint();
        RequireNoFault();
        DurableFile.FlushHandle(device.File, files.LogPath);
        settled.Flush();
        sums = LogSums.Extend(device.File, sums, settled.EndBytes, device.SavedBytes, mark.EndBytes);
        new IndexManifest(
            repository, mark, settled.EndBytes, settled.Mark, notIndexedCount, sums, packs, [.. covered, .. noted])
            .Publish(files.ManifestPath);
        device.SavedBytes = mark.IsNone ? 0 : mark.EndBytes;
        settled.NoteSaved();
        Interlocked.Exchange(ref entryCount, settled.Count + store.EntryCount);
        covered.UnionWith(noted);
        noted.Clear();
        isChanged = false;
    }

    private void RequireNoFault() => Corrupt.Unless(device.FaultCount == 0, "index log: a read or write failed");

    private bool TryEnter()
    {
        if (state == ChunkIndexState.Abandoned)
        {
            return false;
        }

        if (watchdog.TryEnter())
        {
            return true;
        }

        Abandon(new TimeoutException("The index does not answer."));
        return false;
    }

    private void Abandon(Exception cause)
    {
        Cause ??= cause;
        state = ChunkIndexState.Abandoned;
        GiveBackTable();
        device.Dispose();
        files.Discredit();
    }

    /// <summary>While a call hangs it may still read the table, which then ends with that call.</summary>
    private void GiveBackTable()
    {
        if (watchdog.TryEnterAtOnce())
        {
            settled.Dispose();
            watchdog.Exit();
        }
    }
}
