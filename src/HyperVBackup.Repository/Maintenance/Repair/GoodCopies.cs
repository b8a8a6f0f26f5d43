using HyperVBackup.Format;
using HyperVBackup.Format.Notes;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Collections;
using HyperVBackup.Repository.Notes;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Repository.Sessions;

namespace HyperVBackup.Repository.Maintenance.Repair;

/// <summary>Looks for good copies of many records together: in one pass over the packs' tables, which are kept at
/// hand for the next one. Rewritten packs come first, as what a repair before stored anew is there. One thread at a
/// time.</summary>
internal sealed class GoodCopies(BackupRepository repository, AbsentSet absent)
{
    private static readonly RecordType[] types =
        [RecordType.Whole, RecordType.Delta, RecordType.Node, RecordType.List];

    /// <summary>Of packs that can be opened: what lies in others is no copy to collectors.</summary>
    private readonly PackTables tables =
        new(repository.Store, repository.Id, SessionLimits.PackTableBytesMax, absent);
    private readonly PlaceCheck check = new(repository);

    /// <summary>What a record is told by.</summary>
    public static (Digest Id, RecordType Type) KeyOf(PackEntry entry) => (entry.Id, entry.Type);

    /// <param name="kind">Of the packs that hold such records.</param>
    /// <param name="except">A pack whose copies do not count; default for none.</param>
    /// <returns>Those of the records, by id and type, of which a pack has a good copy.</returns>
    /// <exception cref="Storage.StoreException">The store cannot be listed.</exception>
    public async Task<HashSet<(Digest Id, RecordType Type)>> FindAsync(
        PackKind kind, IEnumerable<PackEntry> records, PackName except, CancellationToken token)
    {
        HashSet<(Digest Id, RecordType Type)> open = [.. records.Select(KeyOf)];
        HashSet<(Digest Id, RecordType Type)> found = [];
        HashSet<Digest> ids = [.. open.Select(key => key.Id)];
        if (ids.Count == 0)
        {
            return found;
        }

        PackListing listing = new(repository.Store, tables);
        IEnumerable<PackName> packs = await listing.ListAsync(_ => { }, token);
        foreach (PackName pack in packs.Where(pack => pack.Kind == kind && pack != except)
            .OrderByDescending(PackGeneration.Of))
        {
            PackTable? table = ids.Count == 0 ? null : await tables.TryGetAsync(pack, token);
            foreach (PackEntry entry in table?.FindAny(ids) ?? [])
            {
                if (open.Contains(KeyOf(entry)) && await IsGoodAsync(pack, entry, token))
                {
                    open.Remove(KeyOf(entry));
                    found.Add(KeyOf(entry));
                    _ = types.Any(type => open.Contains((entry.Id, type))) || ids.Remove(entry.Id);
                }
            }
        }

        return found;
    }

    private Task<bool> IsGoodAsync(PackName pack, PackEntry entry, CancellationToken token)
    {
        RecordPlace place = new(pack, entry.OffsetBytes, entry.LengthBytes);
        return check.IsGoodAsync(DamagedPlace.OfRecord(place, entry.Type, entry.Id), token);
    }
}
