using HyperVBackup.Format.Notes;
using HyperVBackup.Format.Packs;
using HyperVBackup.Repository.Collections;
using HyperVBackup.Repository.Notes;
using HyperVBackup.Repository.Packs;

namespace HyperVBackup.Repository.Maintenance.Repair;

/// <summary>Finds which records have no good copy in any pack, and goes over the packs once for all of them. One thread
/// at a time.</summary>
internal sealed class CopylessRecords(BackupRepository repository, AbsentSet absent)
{
    private readonly PlaceCheck check = new(repository);

    /// <param name="except">A pack whose records do not count.</param>
    /// <exception cref="Storage.StoreException">The store cannot be read.</exception>
    public async Task<List<PackEntry>> FindAsync(
        PackKind kind, IEnumerable<PackEntry> records, PackName except, CancellationToken token)
    {
        List<PackEntry> left = [.. records];
        PackTables tables = repository.NewTables(absent);
        foreach (PackName pack in await new PackListing(repository.Store, tables).ListAsync(_ => { }, token))
        {
            if (left.Count > 0 && pack.Kind == kind && pack != except
                && await tables.TryGetAsync(pack, token) is PackTable table)
            {
                List<PackEntry> still = [];
                foreach (PackEntry record in left)
                {
                    still.AddRange(await HasGoodAsync(pack, table, record, token) ? [] : [record]);
                }

                left = still;
            }
        }

        return left;
    }

    private async Task<bool> HasGoodAsync(PackName pack, PackTable table, PackEntry wanted, CancellationToken token)
    {
        foreach (PackEntry entry in table.FindAll(wanted.Id).Where(entry => entry.Type == wanted.Type))
        {
            RecordPlace place = new(pack, entry.OffsetBytes, entry.LengthBytes);
            if (await check.IsGoodAsync(DamagedPlace.OfRecord(place, entry.Type, entry.Id), token))
            {
                return true;
            }
        }

        return false;
    }
}
