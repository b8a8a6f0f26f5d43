using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Packs;

/// <summary>Reads one section of chunk packs' footers, keeping the latest used ones up to a size in all. Thread-safe.
/// </summary>
/// <typeparam name="T">What the section is read as.</typeparam>
/// <param name="keptBytesMax">Of the sections and the tables beside them.</param>
/// <param name="read">Reads the section of a pack.</param>
/// <param name="lengthOf">How long that section is.</param>
internal sealed class PackSections<T>(
    IBlobStore store, RepositoryId repository, long keptBytesMax, Func<PackFile, CancellationToken, Task<T>> read,
    Func<PackFile, long> lengthOf)
    where T : class
{
    private readonly Lock gate = new();
    private readonly LatestUsed<PackName, (PackTable Table, T Section)?> kept = new(keptBytesMax);

    /// <returns>The pack's table and section; null where the pack is gone, or either is damaged.</returns>
    public async ValueTask<(PackTable Table, T Section)?> TryGetAsync(PackName name, CancellationToken token)
    {
        lock (gate)
        {
            if (kept.TryGet(name, out (PackTable, T)? known))
            {
                return known;
            }
        }

        (PackTable, T)? found = null;
        long costBytes = PackTables.OverheadBytes;
        try
        {
            if (await PackFile.TryOpenAsync(store, repository, name, name.BlobName, token) is PackFile pack)
            {
                costBytes += lengthOf(pack) + pack.Trailer.TableLengthBytes;
                found = (pack.Table, await read(pack, token));
            }
        }
        catch (Exception damage) when (damage is PackDamagedException or CorruptDataException)
        {
            found = null; // it proves nothing; whoever checks packs reports it
        }

        lock (gate)
        {
            kept.TryAdd(name, found, costBytes);
        }

        return found;
    }
}
