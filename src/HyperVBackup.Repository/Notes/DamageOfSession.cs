using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Notes;

namespace HyperVBackup.Repository.Notes;

/// <summary>Reads the damage notes for a session, which keeps what they say in memory as long as it lasts: of so many
/// places that it would be much, only in which packs they are. It then relies on nothing in these packs, and asks about
/// every chunk that a parent holds, so that it may store more than it must, and never less. Used once.</summary>
/// <param name="placeCountMax">Kept one by one: by default some tens of MiB.</param>
internal sealed class DamageOfSession(
    BackupRepository repository, int placeCountMax = FormatLimits.DamagedPlaceCountMax)
{
    /// <exception cref="Storage.StoreException">The store cannot be listed.</exception>
    public async Task<KnownDamage> ReadAsync(CancellationToken token)
    {
        HashSet<DamagedPlace> places = [];
        bool isCoarse = false;
        await foreach (StoredDamageNote note in
            new DamageNoteFiles(repository.Store, repository.Id).ReadEachAsync(token))
        {
            if (note.Note is null)
            {
                KnownDamage.WarnOfUnread(repository, note);
            }

            places.UnionWith(note.Note?.Places ?? []);
            if (isCoarse || places.Count > placeCountMax)
            {
                isCoarse = true;
                places = [.. places.Where(place => place.Pack != default)
                    .Select(place => DamagedPlace.OfFile(place.Pack, place.IsSecondCopy, 0))];
            }
        }

        if (isCoarse)
        {
            repository.Warn(
                $"More than {placeCountMax} damaged places are noted: nothing that is stored in the {places.Count} "
                + "files that hold them is relied on. 'repair' heals them.");
        }

        return places.Count == 0 && !isCoarse ? KnownDamage.None : new KnownDamage(places, isCoarse);
    }
}
