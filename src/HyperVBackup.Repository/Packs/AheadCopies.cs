using System.Runtime.CompilerServices;
using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Repository.Index;
using HyperVBackup.Repository.Maps;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Packs;

/// <summary>
/// Finds chunks that are not where maps say, many at once: a search through the tables of all packs for each of them
/// would never end where a collection deleted the packs that one host stored and kept those of another. At the first
/// one it goes ahead in what is to be read, gathers all chunks whose pack is gone, asks the host's index where they
/// lie, and finds the others in one pass over the tables. Records that recipes name, of which maps tell nothing, mostly
/// lie in packs in which something was found lately. What is found is a hint like any other; what is not, the
/// <see cref="RecordFinder"/> looks for one by one. Thread-safe.
/// </summary>
/// <param name="openIndex">Opens the index as it is saved, to be asked only; null where there is none.</param>
/// <param name="idCountMax">How many are gathered for one pass: each takes some 50 bytes while they are searched, and
/// 20 for each copy, of two at most, until those that come after the next are found.</param>
internal sealed class AheadCopies(
    IBlobStore store, RecordFinder finder, PackTables tables, Func<IChunkIndex?> openIndex, int idCountMax)
    : IRecordCopies, IAsyncDisposable
{
    /// <summary>So many chunks are looked at for each that may be gathered: where few packs are gone, the rest of the
    /// map is not read for their sake.</summary>
    private const int LookFactor = 4;

    private const int RecentCountMax = 16;
    private readonly LinkedList<PackName> recent = [];
    private readonly SemaphoreSlim turn = new(1);
    private Gathered newest = Gathered.Nothing;
    private Gathered before = Gathered.Nothing;
    private UpcomingChunks? upcoming;
    private readonly Lazy<IChunkIndex?> index = new(openIndex);

    public string Description => finder.Description;

    /// <summary>Says what is to be read next, in this order.</summary>
    public void Expect(UpcomingChunks chunks) => upcoming = chunks;

    public ValueTask<int?> TryReadAsync(
        BlobName blob, long offsetBytes, Memory<byte> buffer, CancellationToken token) =>
        finder.TryReadAsync(blob, offsetBytes, buffer, token);

    public async IAsyncEnumerable<RecordPlace> CopiesAsync(
        PackKind kind, Digest id, [EnumeratorCancellation] CancellationToken token)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(kind, PackKind.Chunks);
        foreach (RecordPlace place in newest.Places.Find(id).Concat(before.Places.Find(id)))
        {
            Remember(place.Pack);
            yield return place;
        }

        foreach (PackName pack in Recent())
        {
            foreach (PackEntry entry in (await tables.TryGetAsync(pack, token))?.FindAll(id) ?? [])
            {
                yield return new RecordPlace(pack, entry.OffsetBytes, entry.LengthBytes);
            }
        }

        await foreach (RecordPlace place in finder.CopiesAsync(kind, id, token))
        {
            Remember(place.Pack);
            yield return place;
        }
    }

    /// <summary>Finds what is needed now, and what is expected next, unless it is known.</summary>
    /// <param name="needed">Ids, and where they are not.</param>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public async ValueTask GatherAsync(IReadOnlyList<(Digest Id, RecordPlace Hint)> needed, CancellationToken token)
    {
        await turn.WaitAsync(token);
        try
        {
            List<(Digest Id, RecordPlace Hint)> unknown = [];
            foreach ((Digest id, RecordPlace hint) in needed)
            {
                if (!newest.IsSearched(id) && !before.IsSearched(id)
                    && (await finder.FindMovedAsync(id, token)).Count == 0)
                {
                    unknown.Add((id, hint));
                }
            }

            if (unknown.Count > 0)
            {
                (before, newest) = (newest, await SearchAsync(unknown, token));
            }
        }
        finally
        {
            turn.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        turn.Dispose();
        if (index is { IsValueCreated: true, Value: { } opened })
        {
            await opened.DisposeAsync();
        }
    }

    private void Remember(PackName pack)
    {
        lock (recent)
        {
            recent.Remove(pack);
            recent.AddFirst(pack);
            if (recent.Count > RecentCountMax)
            {
                recent.RemoveLast();
            }
        }
    }

    private PackName[] Recent()
    {
        lock (recent)
        {
            return [.. recent];
        }
    }

    private async Task<Gathered> SearchAsync(List<(Digest Id, RecordPlace Hint)> needed, CancellationToken token)
    {
        HashSet<PackName> packs = await ListAsync(token);
        HashSet<Digest> ids = [.. needed.Select(one => one.Id)];
        if (needed.Any(one => !packs.Contains(one.Hint.Pack)))
        {
            await LookAheadAsync(ids, packs, token); // else something is damaged, which says nothing of what follows
        }

        ulong[] searched = [.. ids.Select(id => id.Prefix)];
        Array.Sort(searched);
        PlaceTable.Builder found = new();
        AskIndex(ids, packs, found);
        await SearchTablesAsync(ids, packs, found, token);
        return new Gathered(searched, found.Build());
    }

    private async Task<HashSet<PackName>> ListAsync(CancellationToken token)
    {
        HashSet<PackName> packs = [];
        await foreach (PackName pack in StandingPacks.ListAsync(store, PackKind.Chunks, token))
        {
            packs.Add(pack);
        }

        return packs;
    }

    private async Task LookAheadAsync(HashSet<Digest> ids, HashSet<PackName> packs, CancellationToken token)
    {
        for (long looked = 0; looked < (long)LookFactor * idCountMax && ids.Count < idCountMax; looked++)
        {
            if (upcoming is null || await upcoming.NextAsync(token) is not MapChunk chunk)
            {
                return;
            }

            bool isGone = !packs.Contains(chunk.Place.Pack);
            if (isGone && (await finder.FindMovedAsync(chunk.Id.Value, token)).Count == 0)
            {
                ids.Add(chunk.Id.Value);
            }
        }
    }

    /// <summary>Takes from <paramref name="ids"/> what the index knows in packs that are there.</summary>
    private void AskIndex(HashSet<Digest> ids, HashSet<PackName> packs, PlaceTable.Builder found)
    {
        const int BatchCount = 1024;
        if (index.Value is not { } known)
        {
            return;
        }

        RecordPlace[] places = new RecordPlace[BatchCount];
        foreach (ChunkId[] batch in ids.ToArray().Select(id => new ChunkId(id)).Chunk(BatchCount))
        {
            known.Find(batch, places.AsSpan(0, batch.Length));
            for (int position = 0; position < batch.Length; position++)
            {
                if (!places[position].IsUnknown && packs.Contains(places[position].Pack))
                {
                    found.Add(batch[position].Value, places[position]);
                    ids.Remove(batch[position].Value);
                }
            }
        }
    }

    private async Task SearchTablesAsync(
        HashSet<Digest> ids, HashSet<PackName> packs, PlaceTable.Builder found, CancellationToken token)
    {
        int foundCountMax = found.Count + (2 * Math.Max(idCountMax, ids.Count)); // of more copies some serve as well
        foreach (PackName pack in packs)
        {
            if (ids.Count == 0 || found.Count >= foundCountMax)
            {
                return;
            }

            if (await tables.TryGetAsync(pack, token) is PackTable table)
            {
                foreach (PackEntry entry in table.FindAny(ids))
                {
                    found.Add(entry.Id, new RecordPlace(pack, entry.OffsetBytes, entry.LengthBytes));
                }
            }
        }
    }

    /// <param name="Searched">The first bytes of all ids that were searched, ascending.</param>
    private sealed record Gathered(ulong[] Searched, PlaceTable Places)
    {
        public static Gathered Nothing { get; } = new([], PlaceTable.Empty);

        public bool IsSearched(Digest id) => Array.BinarySearch(Searched, id.Prefix) >= 0;
    }
}
