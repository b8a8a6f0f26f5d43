using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Points;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Sessions;

/// <summary>
/// Cleans up after sessions that ended without saying so: leases of decided sessions, sessions of dead processes of
/// this host (fenced first, so that they can never commit), and temporary files. Packs stay: they may be somebody's
/// copies, and only a collection deletes them.
/// </summary>
internal sealed class AbandonedSessions(
    IBlobStore store, RepositoryId repository, LeaseFile leases, RepositoryEnvironment environment)
{
    /// <summary>Cleans up.</summary>
    /// <returns>The undecided sessions that were fenced here: their packs are there to deduplicate against.</returns>
    public async Task<List<SessionId>> CleanAsync(IReadOnlySet<SessionId> decided, CancellationToken token)
    {
        HashSet<SessionId> alive = [];
        List<SessionId> fenced = [];
        await foreach (SessionId session in leases.ListAsync(token))
        {
            if (!decided.Contains(session))
            {
                if (!IsDead(await leases.TryReadAsync(session, token)))
                {
                    alive.Add(session);
                    continue;
                }

                await new CommitName(store, repository, session).TryFenceAsync(token);
                fenced.Add(session);
            }

            await leases.DeleteAsync(session);
        }

        await store.DeleteTemporariesAsync(name => !IsOfAny(alive, name), token);
        return fenced;
    }

    private bool IsDead(Lease? lease) =>
        lease is not null
        && string.Equals(lease.Host, environment.HostName, StringComparison.OrdinalIgnoreCase)
        && lease.ProcessId != environment.ProcessId
        && !environment.IsProcessAlive(lease.ProcessId);

    private static bool IsOfAny(HashSet<SessionId> alive, BlobName name) =>
        alive.Any(session => name.Path.Contains(session.ToString(), StringComparison.Ordinal));
}
