using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Repository.Collections;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Repository.Points;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>The repository as a collector sees it: what its steps list, read and put. It keeps nothing.</summary>
internal sealed class CollectionStore(
    IBlobStore store, RepositoryId repository, ContentHasher hasher, RepositoryEnvironment environment)
{
    private readonly PackListing packs = new(store, new PackTables(store, repository, 0));

    public IBlobStore Store => store;

    public RepositoryId Repository => repository;

    public ContentHasher Hasher => hasher;

    public RepositoryEnvironment Environment => environment;

    public CollectionFiles Collections { get; } = new(store, repository);

    public PruneMarkFiles Marks { get; } = new(store, repository);

    public LeaseFile Leases { get; } = new(store, repository);

    public SignFiles Signs { get; } = new(store, repository);

    public StandingPoints Points { get; } = new(
        store, new PointCatalog(store, repository), new CollectionFiles(store, repository), hasher);

    /// <summary>All packs of which there is a copy.</summary>
    public Task<HashSet<PackName>> ListPacksAsync(CancellationToken token) => packs.ListAsync(_ => { }, token);

    /// <summary>The name that decides a session.</summary>
    public CommitName CommitNameOf(SessionId session) => new(store, repository, session);

    public async Task<bool> ExistsAsync(string name, CancellationToken token) =>
        await store.TryGetLengthAsync(new BlobName(name), token) is not null;

    /// <summary>The names below a folder.</summary>
    public async Task<List<string>> ListNamesAsync(string folder, CancellationToken token)
    {
        List<string> names = [];
        await foreach (BlobName name in store.ListAsync(folder, token))
        {
            names.Add(name.Path);
        }

        return names;
    }
}
