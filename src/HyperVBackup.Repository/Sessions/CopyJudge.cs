using HyperVBackup.Format;
using HyperVBackup.Repository.Collections;
using HyperVBackup.Repository.Points;

namespace HyperVBackup.Repository.Sessions;

/// <summary>
/// Says what it means that a session found no good copy of something (R4). A collection deletes a pack only where
/// another copy was published before it decided so; a search that ran meanwhile may have looked there too early, so it
/// is repeated until no collection has moved on since it began. Then the session was fenced, or its point, read without
/// a lease, was pruned, or it is damage. Thread-safe.
/// </summary>
/// <param name="name">The session's; null for one without a lease.</param>
/// <param name="point">What a session without a lease reads.</param>
internal sealed class CopyJudge(
    CollectionFiles collections, CommitName? name, PointCatalog catalog, SessionId point)
{
    /// <summary>Searches, and again where that may help.</summary>
    /// <exception cref="CorruptDataException">It is damage: as the search said, as with
    /// <see cref="RepositoryDamagedException"/>.</exception>
    /// <exception cref="SessionFencedException">A collector gave the session up.</exception>
    /// <exception cref="RestorePointNotFoundException">The point was pruned.</exception>
    /// <exception cref="Storage.StoreException">The store cannot be read.</exception>
    public async ValueTask<T> SearchAsync<T>(Func<ValueTask<T>> search, CancellationToken token)
    {
        long before = 0;
        while (true)
        {
            try
            {
                return await search();
            }
            catch (Exception loss) when (loss is CorruptDataException or RepositoryDamagedException)
            {
                await ThrowIfGivenUpAsync(token);
                long now = await collections.ReadProgressAsync(token);
                if (now == before)
                {
                    throw;
                }

                before = now;
            }
        }
    }

    private async Task ThrowIfGivenUpAsync(CancellationToken token)
    {
        if (name is not null)
        {
            await name.ThrowIfFencedAsync(token);
        }
        else if (await catalog.IsGoneAsync(point, token))
        {
            throw new RestorePointNotFoundException($"Restore point {point} was pruned while it was read.");
        }
    }
}
