using HyperVBackup.Repository.Notes;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Maintenance;

/// <summary>Tells all hosts what a verification found.</summary>
internal static class NotedDamage
{
    /// <summary>Makes the repository's damage notes say what was found; a repository that cannot be written gets none.
    /// </summary>
    /// <param name="isWhole">Whether all points were looked at.</param>
    /// <returns>The report without the places that nothing needs: they are known, and go with their packs.</returns>
    public static async Task<VerificationReport> OfAsync(
        BackupRepository repository, VerificationReport report, bool isWhole, CancellationToken token)
    {
        KnownDamage known;
        try
        {
            known = await new DamageNotes(repository).ReviewAsync(report.Places, isWhole, [], token);
        }
        catch (StoreException)
        {
            known = await KnownDamage.ReadAsync(repository, token);
        }

        return report with
        {
            Damage = [.. report.Damage.Where(damage =>
                damage.Points.Count > 0 || !known.IsReplaced(damage.File, damage.OffsetBytes))],
            NotedCount = known.Places.Count,
        };
    }
}
