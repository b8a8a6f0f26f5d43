using HyperVBackup.Format.Notes;
using HyperVBackup.Repository.Notes;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Maintenance;

/// <summary>What a verification makes of the notes that there are, and tells all hosts.</summary>
internal static class NotedDamage
{
    /// <summary>Places that are noted as damaged and are so still.</summary>
    /// <exception cref="StoreException">The notes cannot be listed, or the length of a pack not be read.</exception>
    public static async Task<List<DamagedPlace>> ReadStandingAsync(
        BackupRepository repository, CancellationToken token)
    {
        KnownDamage known = await KnownDamage.ReadAsync(repository, token);
        PlaceCheck check = new(repository);
        List<DamagedPlace> standing = [];
        foreach (DamagedPlace place in known.Places.Where(place => !place.Place.IsUnknown))
        {
            if (await check.ExistsAsync(place, token) && !await check.IsGoodAsync(place, token))
            {
                standing.Add(place);
            }
        }

        return standing;
    }

    /// <summary>Makes the repository's damage notes say what was found. A repository that cannot be written gets none,
    /// which is warned about: what was found is told all the same.</summary>
    /// <param name="isWhole">Whether all that points need was read, and all data.</param>
    /// <returns>The report without the places that nothing needs: they are known, and go with their packs.</returns>
    public static async Task<VerificationReport> OfAsync(
        BackupRepository repository, VerificationReport report, bool isWhole, CancellationToken token)
    {
        KnownDamage known;
        try
        {
            known = await new DamageNotes(repository).ReviewAsync(
                report.Places, isWhole, isRead: isWhole, [], token);
        }
        catch (StoreException failure)
        {
            known = await ReadOrNoneAsync(repository, token);
            HashSet<DamagedPlace> noted = [.. known.Places.Select(DamageNotes.Unstated)];
            if (!report.Places.All(place => noted.Contains(DamageNotes.Unstated(place))))
            {
                WarnUnnoted(repository, failure);
            }
        }

        return report with
        {
            Damage = [.. report.Damage.Where(damage =>
                damage.Points.Count > 0 || !known.IsReplaced(damage.File, damage.OffsetBytes))],
            NotedCount = known.Places.Count,
        };
    }

    /// <summary>Notes what a report says is damaged and stands, and still is damaged; not what it says is lost, which
    /// may have been deleted for good reason since. Where it cannot be noted, that is warned about.</summary>
    public static async Task KeepAsync(
        BackupRepository repository, VerificationReport report, CancellationToken token)
    {
        try
        {
            IEnumerable<DamagedPlace> standing = report.Places.Where(place => place.Pack != default);
            List<DamagedPlace> bad = await new PlaceCheck(repository).FindBadAsync(standing, token);
            await new DamageNotes(repository).AddAsync(bad, token);
        }
        catch (StoreException failure)
        {
            WarnUnnoted(repository, failure);
        }
    }

    /// <summary>Warns that hosts will not know of damage that was found.</summary>
    public static void WarnUnnoted(BackupRepository repository, StoreException failure) => repository.Warn(
        "The damage that was found could not be noted, so backups go on taking what is damaged for stored: "
        + failure.Message);

    private static async Task<KnownDamage> ReadOrNoneAsync(BackupRepository repository, CancellationToken token)
    {
        try
        {
            return await KnownDamage.ReadAsync(repository, token);
        }
        catch (StoreException)
        {
            return KnownDamage.None; // the failure before is the one to tell
        }
    }
}
