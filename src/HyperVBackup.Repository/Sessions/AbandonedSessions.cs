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
    /// <summary>Cleans up. What another process cleans at the same time, or a store that refuses, is left to the
    /// next session.</summary>
    /// <returns>The undecided sessions that were fenced here: their packs are there to deduplicate against.</returns>
    public async Task<List<SessionId>> CleanAsync(IReadOnlySet<SessionId> decided, CancellationToken token)
    {
        // Temporary files are listed before leases: a session puts its lease first, so the lease of any file seen here
        // either shows below or is gone.
        // Only the file of a lease itself may be about to become one; it is let be.
        HashSet<BlobName> temporaries = [];
        await store.DeleteTemporariesAsync(name => !IsLease(name) && temporaries.Add(name) && false, token);
        HashSet<SessionId> atWork = [];
        List<SessionId> fenced = [];
        await foreach (SessionId session in leases.ListAsync(token))
        {
            bool isDead = IsDead(await leases.TryReadAsync(session, token));
            bool isDecided = decided.Contains(session);
            if (!isDead)
            {
                atWork.Add(session);
            }

            if (isDead || isDecided)
            {
                fenced.AddRange(await EndAsync(session, isDecided, token));
            }
        }

        await store.DeleteTemporariesAsync(name => temporaries.Contains(name) && !IsOfAny(atWork, name), token);
        return fenced;
    }

    /// <summary>Fences a session that has not decided, and removes its lease.</summary>
    private async Task<SessionId[]> EndAsync(SessionId session, bool isDecided, CancellationToken token)
    {
        try
        {
            if (!isDecided)
            {
                await new CommitName(store, repository, session).TryFenceAsync(token);
            }

            await leases.DeleteAsync(session);
            return isDecided ? [] : [session];
        }
        catch (StoreException failure)
        {
            environment.Warn($"The remains of session {session} could not be cleaned up: {failure.Message}");
            return [];
        }
    }

    private bool IsDead(Lease? lease) =>
        lease is not null
        && environment.HostName.Length > 0
        && string.Equals(lease.Host, environment.HostName, StringComparison.OrdinalIgnoreCase)
        && lease.ProcessId != environment.ProcessId
        && !environment.IsProcessAlive(lease.ProcessId);

    private static bool IsLease(BlobName name) =>
        name.Path.StartsWith(FileNames.LeaseFolder, StringComparison.Ordinal);

    private static bool IsOfAny(HashSet<SessionId> alive, BlobName name) =>
        alive.Any(session => name.Path.Contains(session.ToString(), StringComparison.Ordinal));
}
