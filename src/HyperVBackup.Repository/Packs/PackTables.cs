using System.Numerics;
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
/// <param name="findsRecords">Whether a pack whose header or footer is lost is read whole for its records: collectors
/// leave such a pack as it is.</param>
internal sealed class PackTables(
    IBlobStore store, RepositoryId repository, long keptBytesMax, AbsentSet? absent = null,
    bool findsRecords = false)
{
    /// <summary>What keeping one table costs beside its bytes; also where there is none, so that these end too.
    /// </summary>
    public const int OverheadBytes = 256;

    private readonly Lock gate = new();
    private readonly LatestUsed<PackName, PackTable?> known = new(keptBytesMax);
    private readonly Dictionary<PackName, int> unread = []; // and how often they were asked for since

    /// <returns>The table, of a map pack from either copy, or what is found of both; null where the pack is gone,
    /// absent, or so damaged that it confirms nothing.</returns>
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

            if (IsLeftAlone(name))
            {
                return null;
            }
        }

        (PackTable? table, bool isUnread) = await TryReadAsync(name, name.BlobName, token);
        if (table is null && name.Kind == PackKind.Maps)
        {
            (table, bool isMirrorUnread) = await TryReadAsync(name, name.MirrorBlobName, token);
            isUnread |= isMirrorUnread;
        }

        table ??= findsRecords ? await TryFindRecordsAsync(name, token) : null;

        lock (gate)
        {
            if (table is null && isUnread)
            {
                unread.TryAdd(name, 0);
                return null;
            }

            unread.Remove(name);
            known.TryAdd(name, table, CostBytes(table));
        }

        return table;
    }

    /// <summary>Reads a chunk pack's table, or finds its records where the footer is lost.</summary>
    /// <returns>Null where the pack is gone or nothing of it can be found; and whether it was the store that failed,
    /// so that there may be more another time.</returns>
    public static async ValueTask<(PackTable? Table, bool IsUnread)> ReadAsync(
        IBlobStore store, RepositoryId repository, PackName name, CancellationToken token)
    {
        try
        {
            return ((await PackFile.TryOpenAsync(store, repository, name, name.BlobName, token))?.Table, false);
        }
        catch (PackDamagedException damage)
        {
            return damage.IsUnreadable
                ? (null, true)
                : (await PackScan.TryReadAsync(store, repository, name, name.BlobName, token), false);
        }
    }

    private async ValueTask<(PackTable? Table, bool IsUnread)> TryReadAsync(
        PackName name, string blobName, CancellationToken token)
    {
        try
        {
            return ((await PackFile.TryOpenAsync(store, repository, name, blobName, token))?.Table, false);
        }
        catch (PackDamagedException damage)
        {
            return (null, damage.IsUnreadable); // verify reports it; here it only means that nothing is confirmed
        }
    }

    /// <summary>A table that the store failed to read is tried again, the oftener it was tried the seldomer: the store
    /// may come back, and where a disk is bad each try takes long.</summary>
    private bool IsLeftAlone(PackName name)
    {
        if (!unread.TryGetValue(name, out int askedCount))
        {
            return false;
        }

        unread[name] = ++askedCount;
        return !BitOperations.IsPow2(askedCount);
    }

    /// <summary>Of a map pack, what is whole in either copy.</summary>
    private async ValueTask<PackTable?> TryFindRecordsAsync(PackName name, CancellationToken token)
    {
        PackTable? first = await PackScan.TryReadAsync(store, repository, name, name.BlobName, token);
        PackTable? second = name.Kind == PackKind.Maps
            ? await PackScan.TryReadAsync(store, repository, name, name.MirrorBlobName, token)
            : null;
        return first is null || second is null
            ? first ?? second
            : PackTable.OfWhatIsLeft(first.Entries.Union(second.Entries));
    }

    private static long CostBytes(PackTable? table) =>
        OverheadBytes + ((long)(table?.Count ?? 0) * PackEntry.SizeBytes);
}
