using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Packs;

/// <summary>
/// Reads packs' tables of records, keeping the latest used ones. A table that was read proves that its pack existed
/// after this object was made. Thread-safe.
/// </summary>
internal sealed class PackTables(IBlobStore store, RepositoryId repository, int tableCountMax)
{
    private readonly Lock gate = new();
    private readonly Dictionary<PackName, LinkedListNode<(PackName Name, PackTable? Table)>> known = [];
    private readonly LinkedList<(PackName Name, PackTable? Table)> byUse = [];

    /// <returns>The table, of a map pack from either copy; null where the pack is gone or its footer is damaged: then
    /// it confirms nothing.</returns>
    public async ValueTask<PackTable?> TryGetAsync(PackName name, CancellationToken token)
    {
        lock (gate)
        {
            if (known.TryGetValue(name, out var node))
            {
                byUse.Remove(node);
                byUse.AddFirst(node);
                return node.Value.Table;
            }
        }

        PackTable? table = await TryReadAsync(name, name.BlobName, token);
        if (table is null && name.Kind == PackKind.Maps)
        {
            table = await TryReadAsync(name, name.MirrorBlobName, token);
        }

        Keep(name, table);
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

    private void Keep(PackName name, PackTable? table)
    {
        lock (gate)
        {
            if (known.ContainsKey(name))
            {
                return;
            }

            known[name] = byUse.AddFirst((name, table));
            if (known.Count > tableCountMax)
            {
                known.Remove(byUse.Last!.Value.Name);
                byUse.RemoveLast();
            }
        }
    }
}
