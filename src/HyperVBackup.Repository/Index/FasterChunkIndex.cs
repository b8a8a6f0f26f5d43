using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using FASTER.core;
using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Index;

/// <summary>
/// The index of one repository on one host, over FASTER: a hash table in memory and a log of 64-byte entries in a
/// file, of which the newest part is in memory too. Its promise: <b>where <see cref="Covers"/> says true, every chunk
/// of that session is found, at the place last added, or the index is abandoned</b>, whatever happened to its files.
/// <list type="number">
/// <item>Two files, <c>log</c> and <c>manifest</c>, and a lock held as long as the process lives. The log is
/// append-only: below the end of a completed save no byte is written again. The manifest is replaced whole once the
/// log is on the disk, so what it describes is there at any crash: it holds FASTER's account of the checkpoint, a sum
/// per page of the log, the packs, and the covered sessions.</item>
/// <item>Opening trusts nothing: manifest and all of the log are checked before FASTER sees them, and afterwards
/// entries taken from the file must be found. Any doubt gives an empty index, which covers nothing, so that the
/// caller adds the sessions again.</item>
/// <item>FASTER's hash table is never saved: recovery replays the log, 4 million entries a second and the check of
/// 64 bytes each (0.3 s a million in all). That spares the table's files, which FASTER cannot check, writes badly
/// beyond 2 GiB and deletes in an order that loses them, and lets every opening choose the table's size anew.</item>
/// <item>Entries carry a check of id, place and repository (<see cref="StoredPlace"/>). A wrong one, or any read or
/// write that failed, abandons the index and removes its manifest.</item>
/// <item>FASTER never hears of failed I/O, for it would wait for ever; and everything that may hang runs under a
/// <see cref="Watchdog"/>.</item>
/// </list>
/// Misses do not touch the disk (their tag is not in the table, but for 1 in 1,400 at 12 entries a bucket).
/// Memory: see <see cref="IndexSizes"/>. A table of 1 GiB (117 million entries, 7 TiB of distinct 64 KiB chunks) needs
/// a budget of 2 GiB: 1 GiB of table + up to 0.5 GiB of overflow buckets + 0.5 GiB of log.
/// </summary>
internal sealed class FasterChunkIndex : IChunkIndex
{
    private readonly IndexFiles files;
    private readonly Watchdog watchdog;
    private readonly LogDevice device;
    private readonly RepositoryId repository;
    private readonly long budgetBytes;
    private readonly ulong salt;
    private readonly List<PackName> packs;
    private readonly HashSet<SessionId> noted = [];
    private readonly HashSet<SessionId> covered;
    private IndexStore store;
    private byte[] sums;
    private long entryCount;
    private bool isChanged;
    private volatile ChunkIndexState state;

    /// <param name="files">Owned by the index from now on.</param>
    /// <param name="device">Owned by the index from now on; open at what <paramref name="saved"/> describes.</param>
    /// <exception cref="Exception">Whatever FASTER throws. Call it apart.</exception>
    public FasterChunkIndex(
        IndexFiles files, Watchdog watchdog, LogDevice device, IndexManifest saved, long budgetBytes)
    {
        (this.files, this.watchdog, this.device, this.budgetBytes) = (files, watchdog, device, budgetBytes);
        repository = saved.Repository;
        salt = IndexProbe.SaltOf(repository);
        (packs, sums, covered) = ([.. saved.Packs], saved.Sums, [.. saved.Sessions]);
        long savedCount = (saved.Mark.EndBytes - LogMark.FirstEntryBytes) / IndexSizes.EntryBytes;
        store = new IndexStore(device, IndexSizes.For(savedCount, budgetBytes), saved.Mark);
        entryCount = store.EntryCount;
        Corrupt.Unless(entryCount == savedCount, "index log: entry count");
        IndexProbe.Check(device.File, savedCount, salt, store);
        RequireNoFault();
    }

    /// <inheritdoc/>
    public long EntryCount => Interlocked.Read(ref entryCount);

    /// <inheritdoc/>
    public ChunkIndexState State => state;

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
        if (state != ChunkIndexState.Working)
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

        device.Dispose();
        files.Dispose();
    }

    private void FindBatch(ReadOnlySpan<ChunkId> ids, Span<RecordPlace> places)
    {
        ReadOnlySpan<StoredPlace> found = store.Find(ids);
        for (int position = 0; position < ids.Length; position++)
        {
            StoredPlace place = found[position];
            if (!place.IsNone)
            {
                Corrupt.Unless(place.Fits(in ids[position], salt), "index entry: check");
                places[position] = place.In(packs[checked((int)place.PackOrdinal)]);
            }
        }

        RequireNoFault();
    }

    private void AddAll(PackName pack, ReadOnlySpan<IndexEntry> entries)
    {
        uint ordinal = (uint)packs.Count;
        packs.Add(pack);
        foreach (IndexEntry entry in entries)
        {
            if (!IndexEntries.IsIndexed(entry) || !HasRoom())
            {
                continue;
            }

            store.Upsert(entry.Id, new StoredPlace(entry.Id, ordinal, entry.OffsetBytes, entry.LengthBytes, salt));
            isChanged = true;
        }

        Interlocked.Exchange(ref entryCount, store.EntryCount);
        RequireNoFault();
    }

    /// <summary>True where one more entry fits, after growing if need be.</summary>
    private bool HasRoom()
    {
        if (store.EntryCount < store.Sizes.EntryCountMax)
        {
            return true;
        }

        if (state == ChunkIndexState.Working && store.Sizes.TryGrow(budgetBytes, out IndexSizes larger))
        {
            Grow(larger);
            return true;
        }

        // What was added so far stays, but no session can be covered from here on, also none that was only noted.
        noted.Clear();
        state = state == ChunkIndexState.Working ? ChunkIndexState.Full : state;
        return false;
    }

    /// <summary>The same entries under a larger table. All are read again, 4 million a second, as FASTER's own way of
    /// growing keeps both halves of every bucket for entries on the disk. The old table and pages are collected first,
    /// or the runtime would keep them beside the new ones for a long time.</summary>
    private void Grow(IndexSizes larger)
    {
        LogMark mark = store.Checkpoint();
        store.Dispose();
        store = null!;
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        store = new IndexStore(device, larger, mark);
    }

    private void Save()
    {
        if (state == ChunkIndexState.Abandoned || (!isChanged && noted.Count == 0))
        {
            return;
        }

        LogMark mark = store.EntryCount == 0 ? LogMark.None : store.Checkpoint();
        RequireNoFault();
        DurableFile.FlushHandle(device.File, files.LogPath);
        sums = mark.IsNone ? [] : LogSums.Extend(device.File, sums, device.SavedBytes, mark.EndBytes);
        new IndexManifest(repository, mark, sums, packs, [.. covered, .. noted]).Publish(files.ManifestPath);
        device.SavedBytes = mark.IsNone ? 0 : mark.EndBytes;
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
        device.Dispose();
        files.Discredit();
    }
}
