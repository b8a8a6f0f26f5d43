using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Repository.Collections;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Packs;

/// <summary>
/// Reads packs' tables of records, keeping the latest used ones up to a size in all, and always the newest. A table
/// that was read proves that its pack existed after this object was made. Thread-safe.
/// </summary>
/// <param name="keptBytesMax">Of the tables' bytes, with <see cref="OverheadBytes"/> for each.</param>
/// <param name="absent">Packs that are taken for gone; null for none.</param>
internal sealed class PackTables(
    IBlobStore store, RepositoryId repository, long keptBytesMax, AbsentSet? absent = null)
{
    /// <summary>What keeping one table costs beside its bytes; also where there is none, so that these end too.
    /// </summary>
    public const int OverheadBytes = 256;

    private readonly Lock gate = new();
    private readonly LatestUsed<PackName, PackTable?> known = new(keptBytesMax);

    /// <returns>The table, of a map pack from either copy; null where the pack is gone, absent, or its footer is
    /// damaged: then it confirms nothing.</returns>
    public async ValueTask<PackTable?> TryGetAsync(PackName name, CancellationToken token)
    {
        if (absent?.Contains(name) == true)
        {
            return null;
        }

        lock (gate)
        {
            if (known.TryGet(name, out PackTable? kept))
            {
                return kept;
            }
        }

        PackTable? table = await TryReadAsync(name, name.BlobName, token);
        if (table is null && name.Kind == PackKind.Maps)
        {
            table = await TryReadAsync(name, name.MirrorBlobName, token);
        }

        lock (gate)
        {
            known.TryAdd(name, table, CostBytes(table));
        }

        return table;
    }

    private async ValueTask<PackTable?> TryReadAsync(PackName name, string blobName, CancellationToken token)
    {
        try
        {
            return (await PackFile.TryOpenAsync(store, repository, name, blobName, token))?.Table;
        }
        catch (PackDamagedException)
        {
            return null; // verify reports it; here it only means that nothing is confirmed
        }
    }

    private static long CostBytes(PackTable? table) =>
        OverheadBytes + ((long)(table?.Count ?? 0) * PackEntry.SizeBytes);
}
