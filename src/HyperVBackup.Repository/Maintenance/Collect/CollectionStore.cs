using HyperVBackup.Format;
using HyperVBackup.Format.Collections;
using HyperVBackup.Format.Packs;
using HyperVBackup.Repository.Collections;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Repository.Pins;
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

    public PinFiles Pins { get; } = new(store, repository);

    public LeaseFile Leases { get; } = new(store, repository);

    public SignFiles Signs { get; } = new(store, repository);

    public StandingPoints Points { get; } = new(
        store, new PointCatalog(store, repository), new CollectionFiles(store, repository), hasher,
        environment.Warn);

    /// <summary>All packs of which there is a copy; not the second copy alone of a map pack that was retired: it came
    /// late, from a session that slept, and whoever still deletes for that collection takes it away again.</summary>
    public async Task<HashSet<PackName>> ListPacksAsync(CancellationToken token)
    {
        HashSet<PackName> found = await packs.ListAsync(_ => { }, token);
        HashSet<PackName> alone = [.. found.Where(pack => pack.Kind == PackKind.Maps)];
        foreach (string name in await ListNamesAsync(FileNames.MapPackFolder, token))
        {
            alone.Remove(PackName.TryParse(name, out PackName pack) ? pack : default);
        }

        long highest = alone.Count > 0 ? await Collections.ReadHighestAsync(token) : 0;
        for (long number = highest; number > 0; number--)
        {
            CollectionSet? retired = await Collections.TryReadRetiredAsync(number, token);
            found.ExceptWith(alone.Where(pack => retired?.Contains(pack) == true));
        }

        return found;
    }

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
