using System.Buffers;
using System.Collections.Concurrent;
using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Index;

/// <summary>Reads the tables of packs, several at a time where they are many, and hands over what an index is told of
/// them. Packs that cannot be read are passed over: their chunks are stored again when met, and verify reports them.
/// </summary>
/// <param name="take">Takes the entries of one pack; called by several threads at once.</param>
internal sealed class IndexFeed(
    IBlobStore store, RepositoryId repository, Action<PackName, ReadOnlySpan<IndexEntry>> take)
{
    private const int FewPacks = 32;
    private readonly ConcurrentDictionary<SessionId, bool> unread = [];
    private long recordCount;

    /// <summary>Records found so far.</summary>
    public long RecordCount => Interlocked.Read(ref recordCount);

    /// <summary>True where it was the store that failed to give a pack of the session, so that there may be more
    /// another time.</summary>
    public bool IsUnread(SessionId session) => unread.ContainsKey(session);

    /// <param name="isWanted">Asked before each pack: false passes over it.</param>
    /// <param name="done">Called after each pack, by several threads at once.</param>
    /// <exception cref="StoreException">The store failed.</exception>
    public Task RunAsync(IReadOnlyCollection<PackName> packs, Func<bool> isWanted, Action done, CancellationToken token)
    {
        ParallelOptions options = new()
        {
            MaxDegreeOfParallelism = packs.Count <= FewPacks ? 1 : Environment.ProcessorCount,
            CancellationToken = token,
        };
        return Parallel.ForEachAsync(packs, options, async (pack, stop) =>
        {
            if (isWanted())
            {
                await TakeAsync(pack, stop);
            }

            done();
        });
    }

    private async ValueTask TakeAsync(PackName pack, CancellationToken token)
    {
        (PackTable? table, bool isUnread) = await PackTables.ReadAsync(store, repository, pack, token);
        if (isUnread)
        {
            unread[pack.Session] = true;
        }

        if (table is null)
        {
            return;
        }

        IndexEntry[] entries = ArrayPool<IndexEntry>.Shared.Rent(2 * table.Count);
        int count = IndexEntries.Read(table, entries);
        take(pack, entries.AsSpan(0, count));
        ArrayPool<IndexEntry>.Shared.Return(entries);
        Interlocked.Add(ref recordCount, table.Count);
    }
}
