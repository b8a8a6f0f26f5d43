using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Packs;

namespace HyperVBackup.Repository.Maintenance;

/// <summary>
/// Reads nodes and lists, and finds those that are not where they are said to be all together: work that misses some
/// is done again once one pass over the map packs' tables has found what it missed, and as often as that finds
/// anything. One thread at a time.
/// </summary>
internal sealed class GatheredMaps
{
    private readonly GatheredCopies copies;

    public GatheredMaps(BackupRepository repository, PackTables tables)
    {
        copies = new GatheredCopies(
            new PackListing(repository.Store, tables), new RecordFinder(repository.Store, tables), PackKind.Maps);
        Reader = new RecordReader(repository.Store, repository.Hasher, tables, maps: copies);
    }

    /// <summary>Does not find, in the first round, what is not where it is said to be.</summary>
    public RecordReader Reader { get; }

    /// <summary>Where copies of nodes and lists lie, as far as is known.</summary>
    public IRecordCopies Copies => copies;

    /// <summary>Does work by the reader, and again from its start as long as there is more to be found.</summary>
    public async Task RunAsync(Func<Task> work, CancellationToken token)
    {
        do
        {
            token.ThrowIfCancellationRequested();
            await work();
        }
        while (await copies.GatherAsync(token));
    }

    /// <summary>Reads records wherever a good copy lies, all in one pass.</summary>
    /// <param name="found">Told the body of each.</param>
    public async Task FindAsync(
        IReadOnlyCollection<(RecordType Type, Digest Id)> records, Func<RecordType, Digest, byte[], Task> found,
        CancellationToken token)
    {
        foreach ((_, Digest id) in records)
        {
            copies.Want(id);
        }

        await copies.GatherAsync(token);
        foreach ((RecordType type, Digest id) in records)
        {
            if (await Reader.TryReadPlainAsync(type, id, token) is byte[] plain)
            {
                await found(type, id, plain);
            }
        }
    }
}
