using HyperVBackup.Format;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Notes;
using HyperVBackup.Repository.Collections;
using HyperVBackup.Repository.Maintenance;
using HyperVBackup.Repository.Maintenance.Repair;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Notes;

/// <summary>
/// Keeps the repository's damage notes few and true: nothing is noted twice, and what is healed or gone is struck out.
/// A place never goes from the notes before another note that holds it was put, so whoever reads them meanwhile misses
/// none. A note that the store cannot read stays: it may say what no other does. One that is damaged says nothing, and
/// stays until all is found again that it may have said. One thread at a time.
/// </summary>
internal sealed class DamageNotes(BackupRepository repository)
{
    /// <summary>More notes than this are made one.</summary>
    private const int NoteCountMax = 4;
    private readonly DamageNoteFiles files = new(repository.Store, repository.Id);
    private readonly PlaceCheck check = new(repository);

    /// <summary>Notes what was found, as far as no note names it.</summary>
    /// <exception cref="StoreException">The store cannot be written.</exception>
    public async Task AddAsync(IReadOnlyCollection<DamagedPlace> found, CancellationToken token)
    {
        if (found.Count == 0)
        {
            return;
        }

        KnownDamage known = await KnownDamage.ReadAsync(repository, token);
        HashSet<DamagedPlace> named = [.. known.Places.Select(Unstated)];
        await PutAsync(found.Where(place => !named.Contains(Unstated(place))), token);
    }

    /// <summary>Makes the notes say what holds: what was found, and of what was noted all that is neither good nor gone
    /// now.</summary>
    /// <param name="found">All that is known to be damaged now.</param>
    /// <param name="isWhole">Whether all points were looked at: what was noted as lost and is not among the found is
    /// needed no more.</param>
    /// <param name="isRead">Whether all data was read too: then notes that are damaged go.</param>
    /// <param name="replaced">Places that nothing needs.</param>
    /// <returns>What the notes say then.</returns>
    /// <exception cref="StoreException">The store cannot be read or written.</exception>
    public async Task<KnownDamage> ReviewAsync(
        IReadOnlyCollection<DamagedPlace> found, bool isWhole, bool isRead,
        IReadOnlyCollection<DamagedPlace> replaced, CancellationToken token)
    {
        List<StoredDamageNote> notes = [.. (await files.ReadAllAsync(token))
            .Where(note => !note.IsKept && (isRead || note.Note is not null))];
        KnownDamage known = KnownDamage.Of(notes);
        HashSet<DamagedPlace> bad = [.. found.Select(Unstated)];
        HashSet<DamagedPlace> unneeded = [.. replaced];
        List<DamagedPlace> holding = [.. bad.Except(known.Places.Select(Unstated))];
        HashSet<Digest> lost = isWhole ? [] : await FindLostAsync(known.Places, token);
        foreach (DamagedPlace place in known.Places)
        {
            if (bad.Contains(Unstated(place)) || await HoldsAsync(place, lost, token))
            {
                holding.Add(place);
            }
        }

        KnownDamage next = new(holding.GroupBy(Unstated).Select(place => place.Key with
        {
            State = unneeded.Contains(place.Key) ? DamageState.Replaced : place.Max(one => one.State),
        }));
        bool isBroken = notes.Exists(note => note.Note is null);
        if (isBroken || notes.Count > NoteCountMax || !next.Places.SequenceEqual(known.Places))
        {
            await PutAsync(next.Places, token);
            foreach (StoredDamageNote old in notes)
            {
                await files.DeleteAsync(old.Id, token);
            }
        }

        return next;
    }

    /// <summary>A place whatever is to be said of it.</summary>
    public static DamagedPlace Unstated(DamagedPlace place) => place with { State = DamageState.Damaged };

    private async Task<bool> HoldsAsync(DamagedPlace place, HashSet<Digest> lost, CancellationToken token)
    {
        return place.Pack == default
            ? lost.Contains(place.Id)
            : await check.ExistsAsync(place, token) && !await check.IsGoodAsync(place, token);
    }

    /// <summary>Records that are noted as lost and that nothing gives now, all looked for together.</summary>
    private async Task<HashSet<Digest>> FindLostAsync(IEnumerable<DamagedPlace> noted, CancellationToken token)
    {
        List<DamagedPlace> places = [.. noted.Where(place => place.Pack == default)];
        HashSet<Digest> lost = [.. places.Select(place => place.Id)];
        if (lost.Count == 0)
        {
            return lost;
        }

        ILookup<bool, DamagedPlace> byKind = places.ToLookup(MapHealing.IsMap);
        await new GatheredMaps(repository, repository.NewTables(AbsentSet.None)).FindAsync(
            [.. byKind[true].Select(place => (place.Type, place.Id))], (_, id, _) => Drop(id), token);
        await new ChunkHarvest(repository, AbsentSet.None).RunAsync(
            byKind[false].Select(place => place.Id), (id, _) => Drop(id), token);
        return lost;

        Task Drop(Digest id)
        {
            lost.Remove(id);
            return Task.CompletedTask;
        }
    }

    private async Task PutAsync(IEnumerable<DamagedPlace> places, CancellationToken token)
    {
        foreach (DamagedPlace[] some in DamageNote.Sort(places).Chunk(FormatLimits.DamagedPlaceCountMax))
        {
            DamageNote note = new()
            {
                Made = repository.Environment.Clock.GetUtcNow(),
                Host = repository.Environment.HostName,
                Places = some,
            };
            await files.PutAsync(NewId(), note, token);
        }
    }

    private SessionId NewId()
    {
        Span<byte> bytes = stackalloc byte[SessionId.SizeBytes];
        repository.Environment.Randomness(bytes);
        return new SessionId(bytes);
    }
}
