using System.Buffers;
using System.Runtime.InteropServices;
using HyperVBackup.Format;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Index;
using HyperVBackup.Repository.Notes;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Repository.Parity;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Sessions;

/// <summary>
/// The chunks of one session: says which are stored already, and appends the others to chunk packs. A look-up in the
/// index counts only once the table of an existing pack, read in this session, confirms it (W4).
/// <para>Invariants: a chunk is new once per session; its place is known by the time the batch after it is appended,
/// and a chunk is called repeated only while it is not, so that it is not forgotten before it is asked for; places in
/// unpublished packs are known to this session alone and reach the index when the pack is durable.</para>
/// Classifying and appending may run on two threads.
/// </summary>
internal sealed class SessionChunks(
    IBlobStore store, RepositoryId repository, SessionId session, int pagesPerChunk, IChunkIndex index,
    PackTables tables, long packTargetBytes = FormatLimits.ChunkPackTargetBytes,
    HitSampling? sampling = null, KnownDamage? known = null, int parityPercent = 0) : IAsyncDisposable
{
    private readonly Lock gate = new();
    private readonly SessionParity parity = new(store, repository, session, parityPercent);
    private readonly HitConfirmation confirmation = new(store, index, tables, pagesPerChunk, known ?? KnownDamage.None);
    private readonly Dictionary<ChunkId, RecordPlace> recent = [];
    private readonly Queue<List<ChunkId>> recentPacks = new();
    private readonly Queue<(Task Publishing, PackBuilder Pack, List<IndexEntry> Entries)> publishing = new();
    private PackBuilder? open;
    private readonly List<IndexEntry> openHooks = [];
    private List<IndexEntry> openEntries = [];
    private uint nextNumber;

    /// <summary>Says for each chunk what is to be done; to be called in disk order.</summary>
    public async ValueTask ClassifyAsync(
        ReadOnlyMemory<ChunkId> ids, Memory<RecordPlace> places, Memory<ChunkFate> fates, CancellationToken token)
    {
        index.Find(ids.Span, places.Span);
        for (int position = 0; position < ids.Length; position++)
        {
            ChunkId id = ids.Span[position];
            if (id.IsZero)
            {
                fates.Span[position] = ChunkFate.Zero;
            }
            else if (TryFindRecent(id, out RecordPlace recentPlace))
            {
                places.Span[position] = recentPlace;
                fates.Span[position] = recentPlace.IsUnknown ? ChunkFate.Repeated : ChunkFate.Stored;
            }
            else
            {
                RecordPlace confirmed = await confirmation.ConfirmAsync(id, places.Span[position], token);
                if (!confirmed.IsUnknown && sampling is not null
                    && !await sampling.MayRelyOnAsync(id, confirmed, token))
                {
                    confirmed = default;
                }

                places.Span[position] = confirmed;
                fates.Span[position] = confirmed.IsUnknown ? ChunkFate.New : ChunkFate.Stored;
                NoteIfNew(id, confirmed);
            }
        }
    }

    /// <summary>Where a chunk lies that was classified as repeated, once the batches before it were appended.</summary>
    /// <returns>A hint: <c>default</c> where so many packs were published meanwhile that only the index could know.
    /// </returns>
    public RecordPlace PlaceOf(ChunkId id)
    {
        if (TryFindRecent(id, out RecordPlace place))
        {
            Invariant.Check(!place.IsUnknown);
        }
        else
        {
            index.Find([id], new Span<RecordPlace>(ref place));
        }

        return place;
    }

    /// <summary>Whether a chunk that a parent holds is to be asked about all the same: a record of it is damaged.
    /// </summary>
    public bool IsDoubtful(ChunkId id) => known?.IsDoubtful(id.Value) == true;

    /// <summary>Appends records, in the order of their bytes; tells their places.</summary>
    /// <param name="encoded">A delta comes right behind the record of its literal pages.</param>
    /// <param name="records">Their bytes; deltas are completed in it.</param>
    public async ValueTask AppendAsync(
        ReadOnlyMemory<EncodedRecord> encoded, Memory<byte> records, Memory<RecordPlace> places,
        CancellationToken token)
    {
        int done = 0;
        while (done < encoded.Length)
        {
            open ??= await PackBuilder.CreateAsync(
                store, repository, new PackName(PackKind.Chunks, session, nextNumber++), pagesPerChunk, token);
            int first = done;
            int lengthBytes = 0;
            while (done < encoded.Length && open.LengthBytes < packTargetBytes)
            {
                EncodedRecord record = encoded.Span[done];
                RecordPlace before = done > 0 ? places.Span[done - 1] : default;
                places.Span[done] = record.Recipe is null
                    ? Note(open, record)
                    : NoteDelta(open, record, before, records.Span[lengthBytes..]);
                lengthBytes += checked((int)record.Entry.LengthBytes);
                done++;
            }

            Invariant.Check(done > first);
            await open.AppendAsync(records[..lengthBytes], token);
            records = records[lengthBytes..];
            if (open.LengthBytes >= packTargetBytes)
            {
                await CloseAsync(token);
            }
        }
    }

    /// <summary>Publishes what is open and waits until every pack is durable, and its parity.</summary>
    public async Task FlushAsync(CancellationToken token)
    {
        if (open is not null)
        {
            await CloseAsync(token);
        }

        while (publishing.Count > 0)
        {
            await AwaitOldestAsync();
        }

        await parity.FlushAsync(token);
    }

    public async ValueTask DisposeAsync()
    {
        await parity.DisposeAsync();
        while (publishing.TryDequeue(out var pack))
        {
            await pack.Publishing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (pack.Publishing.IsCompletedSuccessfully)
            {
                index.Add(pack.Pack.Name, CollectionsMarshal.AsSpan(pack.Entries));
            }

            await pack.Pack.DisposeAsync();
        }

        if (open is not null)
        {
            await open.DisposeAsync();
            open = null;
        }
    }

    private bool TryFindRecent(ChunkId id, out RecordPlace place)
    {
        lock (gate)
        {
            return recent.TryGetValue(id, out place);
        }
    }

    private void NoteIfNew(ChunkId id, RecordPlace confirmed)
    {
        if (confirmed.IsUnknown)
        {
            lock (gate)
            {
                recent[id] = default;
            }
        }
    }

    private RecordPlace Note(PackBuilder pack, in EncodedRecord record)
    {
        RecordPlace place = pack.Note(record.Entry, record.PageHashes.Span);
        int firstPage = record.PageHashes.Span.IndexOfAnyExcept(default(Digest));
        ChunkId hook = HookKey.Of(record.PageHashes.Span[firstPage]);
        openHooks.Add(new IndexEntry(hook, place.OffsetBytes, place.LengthBytes));
        return Note(new ChunkId(record.Entry.Id), place);
    }

    /// <summary>Notes a delta, and completes its recipe and bytes with the place of its literal pages.</summary>
    private RecordPlace NoteDelta(
        PackBuilder pack, in EncodedRecord record, RecordPlace literals, Span<byte> bytes)
    {
        Recipe recipe = record.Recipe!.WithHint(literals);
        ChunkId id = new(record.Entry.Id);
        int lengthBytes = DeltaRecord.Write(id, recipe, bytes);
        Recipe written = DeltaRecord.Read(Record.ReadUnchecked(bytes[..lengthBytes]), pagesPerChunk);
        Invariant.Check(written.IsSameButForHints(record.Recipe));
        return Note(id, pack.Note(record.Entry, recipe));
    }

    private RecordPlace Note(ChunkId id, RecordPlace place)
    {
        openEntries.Add(new IndexEntry(id, place.OffsetBytes, place.LengthBytes));
        lock (gate)
        {
            recent[id] = place;
        }

        return place;
    }

    private async Task CloseAsync(CancellationToken token)
    {
        PackBuilder pack = open!;
        recentPacks.Enqueue([.. openEntries.Select(entry => entry.Id)]);
        openEntries.AddRange(openHooks); // chunks first: if not all find room, hooks matter less
        publishing.Enqueue((pack.PublishAsync(token), pack, openEntries));
        openEntries = [];
        openHooks.Clear();
        open = null;
        while (publishing.Count > SessionLimits.PublishingPackCountMax)
        {
            await AwaitOldestAsync();
        }
    }

    private async Task AwaitOldestAsync()
    {
        (Task published, PackBuilder pack, List<IndexEntry> entries) = publishing.Peek();
        await published;
        publishing.Dequeue();
        index.Add(pack.Name, CollectionsMarshal.AsSpan(entries));
        await parity.AddAsync(pack.Name, pack.LengthBytes);
        await pack.DisposeAsync();
        if (recentPacks.Count > SessionLimits.RecentPackCount)
        {
            lock (gate)
            {
                recentPacks.Dequeue().ForEach(id => recent.Remove(id));
            }
        }
    }
}
