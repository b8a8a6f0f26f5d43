using System.Collections.Concurrent;
using HyperVBackup.Format;
using HyperVBackup.Format.Notes;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Notes;

/// <summary>
/// Remembers what could not be read where it was looked for, by whoever reads the repository in this process. Most of
/// it is no damage: a place is a hint. So what is noted for all hosts at a session's end is only what a pack's own
/// table says should lie there. Thread-safe.
/// </summary>
internal sealed class DamageWatch
{
    /// <summary>More than this in one session is for 'verify' to find.</summary>
    private const int CountMax = 4096;
    private readonly ConcurrentDictionary<(PackName Pack, uint OffsetBytes), bool> suspects = new();
    private readonly ConcurrentDictionary<(RecordType Type, Digest Id), bool> lost = new();

    /// <summary>A record was not found, or not good, at a place.</summary>
    public void Suspect(RecordPlace place)
    {
        if (!place.IsUnknown && suspects.Count < CountMax)
        {
            suspects.TryAdd((place.Pack, place.OffsetBytes), true);
        }
    }

    /// <summary>No good copy of a record was found anywhere.</summary>
    public void Lose(RecordType type, Digest id)
    {
        if (lost.Count < CountMax)
        {
            lost.TryAdd((type, id), true);
        }
    }

    /// <summary>Looks again at all that was remembered, puts a note of what is damaged, and forgets the rest. Never
    /// fails; a repository that cannot be written gets no note.</summary>
    public async Task NoteAsync(BackupRepository repository, CancellationToken token)
    {
        (PackName Pack, uint OffsetBytes)[] places = [.. suspects.Keys];
        (RecordType Type, Digest Id)[] ids = [.. lost.Keys];
        suspects.Clear();
        lost.Clear();
        if (places.Length + ids.Length == 0)
        {
            return;
        }

        try
        {
            List<DamagedPlace> found = [.. ids.Select(one => DamagedPlace.OfRecord(default, one.Type, one.Id))];
            await AddAsync(found, repository, places, token);
            await new DamageNotes(repository).AddAsync(found, token);
        }
        catch (Exception failure) when (failure is StoreException or OperationCanceledException)
        {
            return; // See the summary.
        }
    }

    private static async Task AddAsync(
        List<DamagedPlace> found, BackupRepository repository, (PackName Pack, uint OffsetBytes)[] places,
        CancellationToken token)
    {
        PackTables tables = new(repository.Store, repository.Id, 0);
        PlaceCheck check = new(repository);
        foreach (IGrouping<PackName, uint> group in places.GroupBy(place => place.Pack, place => place.OffsetBytes))
        {
            PackTable? table = await tables.TryGetAsync(group.Key, token);
            foreach (DamagedPlace place in PlacesIn(group.Key, table, [.. group]))
            {
                if (await check.ExistsAsync(place, token) && !await check.IsGoodAsync(place, token))
                {
                    found.Add(place);
                }
            }
        }
    }

    private static IEnumerable<DamagedPlace> PlacesIn(PackName pack, PackTable? table, HashSet<uint> offsets)
    {
        for (int index = 0; index < (table?.Count ?? 0); index++)
        {
            PackEntry entry = table![index];
            if (offsets.Contains(entry.OffsetBytes))
            {
                RecordPlace place = new(pack, entry.OffsetBytes, entry.LengthBytes);
                yield return DamagedPlace.OfRecord(place, entry.Type, entry.Id);
                if (pack.Kind == PackKind.Maps)
                {
                    yield return DamagedPlace.OfRecord(place, entry.Type, entry.Id, isSecondCopy: true);
                }
            }
        }
    }
}
