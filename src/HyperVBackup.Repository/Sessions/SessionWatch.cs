using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Points;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Sessions;

/// <summary>Shows the sessions at work to people, and ends one that they know to be dead. Thread-safe.</summary>
internal sealed class SessionWatch(BackupRepository repository, RepositoryEnvironment environment)
{
    private readonly IBlobStore store = repository.Store;

    /// <summary>All sessions that hold a lease, the oldest first.</summary>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public async Task<List<SessionAtWork>> ListAsync(CancellationToken token)
    {
        SignFiles signs = new(store, repository.Id);
        Dictionary<SessionId, long> counters = await signs.ReadCountersAsync(token);
        List<SessionAtWork> sessions = [];
        await foreach (SessionId id in repository.Leases.ListAsync(token))
        {
            Lease? lease = await repository.Leases.TryReadAsync(id, token);
            SignOfLife? sign = counters.TryGetValue(id, out long counter)
                ? await signs.TryReadAsync(id, counter, token)
                : null;
            SessionState state = await ReadStateAsync(id, token);
            sessions.Add(new SessionAtWork(id, lease, state, environment.IsGone(lease), sign?.Time));
        }

        sessions.Sort((one, other) => Comparer<DateTimeOffset?>.Default.Compare(
            one.Lease?.Started, other.Lease?.Started));
        return sessions;
    }

    /// <summary>Fences a session, so that it never commits, and takes its lease and signs away. One that lives all the
    /// same finds the fence, and begins again.</summary>
    /// <param name="force">Also where its process is still there, on this host.</param>
    /// <returns>What it is now: <see cref="SessionState.Fenced"/>, or <see cref="SessionState.Committed"/> where it was
    /// first.</returns>
    /// <exception cref="RepositoryUnusableException">There is no such session, or its process is still there.
    /// </exception>
    /// <exception cref="StoreException">The store failed.</exception>
    public async Task<SessionState> EndAsync(string id, bool force, CancellationToken token)
    {
        SessionAtWork session = Find(await ListAsync(token), id);
        bool isHere = session.Lease is Lease lease && environment.HostName.Length > 0
            && string.Equals(lease.Host, environment.HostName, StringComparison.OrdinalIgnoreCase);
        if (isHere && !session.IsProcessGone && !force)
        {
            throw new RepositoryUnusableException(
                $"Session {session.Id} is at work: its process {session.Lease!.ProcessId} is on this host. "
                + "Stop that, or use --force, and the session begins again.");
        }

        await new CommitName(store, repository.Id, session.Id).TryFenceAsync(token);
        SessionState state = await ReadStateAsync(session.Id, token);
        if (state == SessionState.Open)
        {
            throw new StoreException(
                $"The fence of session {session.Id} is gone again: the session ended by itself just now, or the "
                + $"repository in '{store.Description}' is not there; 'sessions' shows who is at work.");
        }

        if (!await repository.Leases.TryDeleteAsync(session.Id))
        {
            environment.Warn($"The lease of session {session.Id} could not be deleted; a later session does.");
        }

        return state;
    }

    private static SessionAtWork Find(List<SessionAtWork> sessions, string id)
    {
        List<SessionAtWork> found = id.Length == 0
            ? []
            : sessions.FindAll(session => session.Id.ToString().StartsWith(id, StringComparison.OrdinalIgnoreCase));
        return found.Count switch
        {
            1 => found[0],
            0 => throw new RepositoryUnusableException(
                $"No session '{id}' is at work; 'sessions' shows those that are."),
            _ => throw new RepositoryUnusableException(
                $"'{id}' begins the ids of {found.Count} sessions: give more of it."),
        };
    }

    private async Task<SessionState> ReadStateAsync(SessionId id, CancellationToken token)
    {
        long? lengthBytes = await store.TryGetLengthAsync(new BlobName(FileNames.RestorePoint(id)), token);
        return lengthBytes switch
        {
            null => SessionState.Open,
            FileHeader.SizeBytes => SessionState.Fenced,
            _ => SessionState.Committed,
        };
    }
}
