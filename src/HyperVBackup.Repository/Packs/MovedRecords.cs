using System.Runtime.InteropServices;
using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Packs;

/// <summary>
/// Where records lie that were copied out of the packs that maps and recipes still name: in rewritten packs, which
/// their numbers tell. Their tables are read once, at the first record that is not where it was; what is said is a
/// hint, as all places are. Thread-safe.
/// </summary>
internal sealed class MovedRecords(IBlobStore store, PackTables tables, PackKind kind)
{
    /// <summary>Twenty-four bytes each. Of a repository with more, the others are found by a search through all
    /// tables.</summary>
    private const int RecordCountMax = 2 << 20;
    private readonly Lock gate = new();
    private Task<Loaded>? loading;

    /// <exception cref="StoreException">The store cannot be read.</exception>
    public async ValueTask<List<RecordPlace>> FindAsync(Digest id, CancellationToken token)
    {
        Loaded known = await LoadAsync(token);
        List<RecordPlace> places = [];
        int index = Array.BinarySearch(known.Prefixes, id.Prefix);
        while (index > 0 && known.Prefixes[index - 1] == id.Prefix)
        {
            index--;
        }

        for (; index >= 0 && index < known.Prefixes.Length && known.Prefixes[index] == id.Prefix; index++)
        {
            Moved moved = known.Records[index];
            places.Add(new RecordPlace(known.Packs[moved.Pack], moved.OffsetBytes, moved.LengthBytes));
        }

        return places;
    }

    /// <summary>Told where a record was found by a search: a pack that was rewritten since is looked at next time.
    /// </summary>
    public void Note(PackName pack)
    {
        lock (gate)
        {
            bool isNew = PackGeneration.Of(pack) > 0 && loading is { IsCompletedSuccessfully: true } done
                && !done.Result.IsFull && !done.Result.Packs.Contains(pack);
            loading = isNew ? null : loading;
        }
    }

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
        string folder = kind == PackKind.Chunks ? FileNames.ChunkPackFolder : FileNames.MapPackFolder;
        await foreach (BlobName blob in store.ListAsync(folder, token))
        {
            if (PackName.TryParse(blob.Path, out PackName pack) && PackGeneration.Of(pack) > 0)
            {
                packs.Add(pack);
            }
        }

        packs.Sort(static (one, other) => other.Number.CompareTo(one.Number)); // the newest first
        List<ulong> prefixes = [];
        List<Moved> records = [];
        for (int pack = 0; pack < packs.Count && records.Count < RecordCountMax; pack++)
        {
            PackTable? table = await tables.TryGetAsync(packs[pack], token);
            for (int index = 0; index < (table?.Count ?? 0); index++)
            {
                PackEntry entry = table![index];
                prefixes.Add(entry.Id.Prefix);
                records.Add(new Moved(pack, entry.OffsetBytes, entry.LengthBytes));
            }
        }

        (ulong[] keys, Moved[] values) = (prefixes.ToArray(), records.ToArray());
        Array.Sort(keys, values);
        return new Loaded(packs, keys, values, records.Count >= RecordCountMax);
    }

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Moved(int Pack, uint OffsetBytes, uint LengthBytes);

    private sealed record Loaded(List<PackName> Packs, ulong[] Prefixes, Moved[] Records, bool IsFull);
}
