using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Packs;

/// <summary>
/// Where records lie that were copied out of the packs that maps and recipes still name: in rewritten packs, which
/// their numbers tell; of map records, which are few, wherever they lie. Their tables are read
/// once, at the first record that is not where it was; what is said is a hint, as all places are. Thread-safe.
/// </summary>
internal sealed class MovedRecords(IBlobStore store, PackTables tables, PackKind kind)
{
    /// <summary>Of a repository with more, the others are found by a search through all tables.</summary>
    private const int RecordCountMax = 2 << 20;
    private readonly Lock gate = new();
    private Task<Loaded>? loading;

    /// <exception cref="StoreException">The store cannot be read.</exception>
    public async ValueTask<List<RecordPlace>> FindAsync(Digest id, CancellationToken token) =>
        (await LoadAsync(token)).Records.Find(id);

    /// <summary>Told where a record was found by a search: a pack that was put since is looked at next time.</summary>
    public void Note(PackName pack)
    {
        lock (gate)
        {
            bool isNew = IsLoaded(pack) && loading is { IsCompletedSuccessfully: true } done
                && !done.Result.IsFull && !done.Result.Packs.Contains(pack);
            loading = isNew ? null : loading;
        }
    }

    private bool IsLoaded(PackName pack) => kind == PackKind.Maps || PackGeneration.Of(pack) > 0;

    /// <summary>Whoever comes first reads, for all: no one's cancellation stops it.</summary>
    private async ValueTask<Loaded> LoadAsync(CancellationToken token)
    {
        Task<Loaded> reading;
        lock (gate)
        {
            loading = loading is null or { IsFaulted: true } ? ReadAsync(CancellationToken.None) : loading;
            reading = loading;
        }

        return reading.IsCompletedSuccessfully ? reading.Result : await reading.WaitAsync(token);
    }

    private async Task<Loaded> ReadAsync(CancellationToken token)
    {
        List<PackName> packs = [];
        await foreach (PackName pack in StandingPacks.ListAsync(store, kind, token))
        {
            if (IsLoaded(pack))
            {
                packs.Add(pack);
            }
        }

        packs.Sort(static (one, other) => other.Number.CompareTo(one.Number)); // the newest first
        PlaceTable.Builder records = new();
        for (int pack = 0; pack < packs.Count && records.Count < RecordCountMax; pack++)
        {
            PackTable? table = await tables.TryGetAsync(packs[pack], token);
            for (int index = 0; index < (table?.Count ?? 0); index++)
            {
                PackEntry entry = table![index];
                records.Add(entry.Id, new RecordPlace(packs[pack], entry.OffsetBytes, entry.LengthBytes));
            }
        }

        return new Loaded([.. packs], records.Build(), records.Count >= RecordCountMax);
    }

    private sealed record Loaded(HashSet<PackName> Packs, PlaceTable Records, bool IsFull);
}
