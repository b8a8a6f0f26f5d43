using System.Buffers;
using System.Collections.Concurrent;
using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Index;

/// <summary>Reads the tables of all packs into a new index, several at a time. Used once.</summary>
internal sealed class IndexRebuild(IBlobStore store, RepositoryId repository)
{
    private readonly ConcurrentDictionary<SessionId, bool> unread = [];
    private long packsDone;
    private long chunkCount;

    /// <summary>Records found.</summary>
    public long ChunkCount => Interlocked.Read(ref chunkCount);

    /// <returns>The sessions of <paramref name="decided"/> all of whose packs were read, as far as they can be.
    /// </returns>
    /// <exception cref="StoreException">The store failed.</exception>
    /// <exception cref="IOException">The index could not be written.</exception>
    public async Task<IEnumerable<SessionId>> RunAsync(
        IndexLoad load, IReadOnlySet<SessionId> decided, IProgress<IndexProgress> progress, CancellationToken token)
    {
        List<PackName> packs = [];
        await foreach (BlobName blob in store.ListAsync(FileNames.ChunkPackFolder, token))
        {
            if (PackName.TryParse(blob.Path, out PackName pack))
            {
                packs.Add(pack);
            }
        }

        await PackFolders.FlushAsync(store, packs, token);
        ParallelOptions options = new()
        {
            MaxDegreeOfParallelism = Environment.ProcessorCount,
            CancellationToken = token,
        };
        await Parallel.ForEachAsync(packs, options, async (pack, stop) =>
        {
            await AddAsync(load, pack, stop);
            progress.Report(new IndexProgress(Interlocked.Increment(ref packsDone), packs.Count, ChunkCount));
        });
        return decided.Where(session => !unread.ContainsKey(session));
    }

    private async ValueTask AddAsync(IndexLoad load, PackName pack, CancellationToken token)
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
        load.Add(pack, entries.AsSpan(0, count));
        ArrayPool<IndexEntry>.Shared.Return(entries);
        Interlocked.Add(ref chunkCount, table.Count);
    }
}
