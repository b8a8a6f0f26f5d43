using System.Buffers.Binary;
using HyperVBackup.Format;
using HyperVBackup.Format.Collections;
using HyperVBackup.Repository.Collections;
using HyperVBackup.Repository.Sessions;

namespace HyperVBackup.Repository.Index;

/// <summary>
/// Finds sessions that no name of a point tells of, as collections deleted their points, while newer points still need
/// their packs. How far an index knows of them it says itself: by covering a mark for the first time that all packs
/// were listed, and one for each collection whose points were looked at. A mark is an id that no session has.
/// </summary>
/// <param name="last">The highest number of a collection that is decided.</param>
internal sealed class CollectedSessions(BackupRepository repository, long last)
{
    private readonly CollectionFiles collections = new(repository.Store, repository.Id);

    /// <summary>What an index covers that knows of all of them.</summary>
    public IReadOnlyList<SessionId> Marks => last == 0 ? [MarkOf(0)] : [MarkOf(0), MarkOf(last)];

    /// <summary>As of now: call it before the points are listed that are not collected.</summary>
    /// <exception cref="Storage.StoreException">The store cannot be read.</exception>
    public static async Task<CollectedSessions> OpenAsync(BackupRepository repository, CancellationToken token)
    {
        // The progress is 2 n, and 2 n + 1 once collection n is decided.
        long progress = await new CollectionFiles(repository.Store, repository.Id).ReadProgressAsync(token);
        return new CollectedSessions(repository, (progress - 1) / 2);
    }

    /// <summary>Those that an index may not know. All that ended, and all packs are listed, where it never heard of
    /// any.</summary>
    /// <exception cref="Storage.StoreException">The store cannot be read.</exception>
    public async Task<IReadOnlySet<SessionId>> FindAsync(IChunkIndex index, CancellationToken token)
    {
        HashSet<SessionId> found = [];
        bool isKnown = index.Covers(MarkOf(0));
        for (long number = last; isKnown && number > 0 && !index.Covers(MarkOf(number)); number--)
        {
            CollectionSet? retired = await TryReadAsync(number, token);
            isKnown = retired is not null;
            found.UnionWith(retired?.Points ?? []);
        }

        return isKnown ? found : await EndedSessions.ReadAsync(repository, [FileNames.ChunkPackFolder], token);
    }

    private async Task<CollectionSet?> TryReadAsync(long number, CancellationToken token)
    {
        try
        {
            return await collections.TryReadPastRetiredAsync(number, token);
        }
        catch (RepositoryUnusableException)
        {
            return null; // listing all packs tells as well
        }
    }

    private static SessionId MarkOf(long number)
    {
        Span<byte> bytes = stackalloc byte[SessionId.SizeBytes];
        "retired "u8.CopyTo(bytes);
        BinaryPrimitives.WriteInt64BigEndian(bytes[sizeof(long)..], number);
        return new SessionId(bytes);
    }
}
