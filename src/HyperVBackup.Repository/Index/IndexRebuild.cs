using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Index;

/// <summary>Reads the tables of all packs into a new index. Used once.</summary>
internal sealed class IndexRebuild(IBlobStore store, RepositoryId repository)
{
    private long packsDone;

    /// <summary>Records found.</summary>
    public long ChunkCount { get; private set; }

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
        IndexFeed feed = new(store, repository, load.Add);
        await feed.RunAsync(
            packs,
            isWanted: () => true,
            done: () => progress.Report(
                new IndexProgress(Interlocked.Increment(ref packsDone), packs.Count, feed.RecordCount)),
            token);
        ChunkCount = feed.RecordCount;
        return decided.Where(session => !feed.IsUnread(session));
    }
}
