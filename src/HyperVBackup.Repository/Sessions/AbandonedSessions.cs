using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Points;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Sessions;

/// <summary>
/// Cleans up after sessions that ended without saying so, as anybody may without a clock: leases of decided sessions,
/// whose point gets its second copy first; sessions of dead processes of this host (fenced first, so that they can
/// never commit), their signs of life and temporary files, and prune marks whose point is gone. Packs and fences stay:
/// packs may be somebody's copies, which only a collection deletes, and a fence keeps a session from committing.
/// </summary>
internal sealed class AbandonedSessions(
    IBlobStore store, RepositoryId repository, LeaseFile leases, RepositoryEnvironment environment)
{
    /// <summary>How long an unfinished file of those who need no lease, or have none yet, is left alone. Nothing hangs
    /// on it: of a writer that slept longer the put fails as any other, and no file comes to stand half.</summary>
    private static readonly TimeSpan Untouched = TimeSpan.FromDays(1);

    /// <summary>What is put by those who hold no lease for it: nobody can tell whether they are still at it.</summary>
    private static readonly string[] FoldersWithoutLease =
    [
        FileNames.LeaseFolder, FileNames.PruneMarkFolder, FileNames.PinFolder, FileNames.CondemnedFolder,
        FileNames.RetiredFolder,
    ];

    private readonly SignFiles signs = new(store, repository);
    private readonly PruneMarkFiles marks = new(store, repository);

    /// <summary>Cleans up. What another process cleans at the same time, or a store that refuses, is left to the
    /// next session.</summary>
    /// <returns>The undecided sessions that were fenced here: their packs are there to deduplicate against.</returns>
    public async Task<List<SessionId>> CleanAsync(IReadOnlySet<SessionId> decided, CancellationToken token)
    {
        // Temporary files and signs are listed before leases: a session puts its lease first, so the lease of any file
        // seen here either shows below or is gone.
        HashSet<BlobName> temporaries = [];
        await store.DeleteTemporariesAsync(name => temporaries.Add(name) && false, token);
        List<(SessionId Session, long Counter)> given = [];
        await foreach ((SessionId, long) sign in signs.ListAsync(token))
        {
            given.Add(sign);
        }

        HashSet<SessionId> atWork = [];
        List<SessionId> fenced = [];
        await foreach (SessionId session in leases.ListAsync(token))
        {
            bool isDead = environment.IsGone(await leases.TryReadAsync(session, token));
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

        HashSet<BlobName> useless = await FindUselessAsync(temporaries, atWork, token);
        await store.DeleteTemporariesAsync(useless.Contains, token);
        temporaries.ExceptWith(useless);
        await TryDeleteOldAsync([.. temporaries.Where(name => !IsOfSession(name))], token);
        await TryDeleteAsync(given.Where(sign => !atWork.Contains(sign.Session)), signs.DeleteAsync);
        await DeleteMarksOfNoneAsync(decided, token);
        return fenced;
    }

    /// <summary>A day is a matter of patience: it is no argument for safety, so any clock will do.</summary>
    private async Task TryDeleteOldAsync(HashSet<BlobName> left, CancellationToken token)
    {
        if (left.Count == 0)
        {
            return;
        }

        try
        {
            await store.DeleteTemporariesAsync(left.Contains, Untouched, token);
        }
        catch (StoreException failure)
        {
            environment.Warn($"Unfinished files could not be cleaned up: {failure.Message}");
        }
    }

    /// <summary>Fences a session that has not decided, and removes its lease.</summary>
    private async Task<SessionId[]> EndAsync(SessionId session, bool isDecided, CancellationToken token)
    {
        try
        {
            CommitName name = new(store, repository, session);
            if (!isDecided)
            {
                await name.TryFenceAsync(token);
            }
            else if (await TryReadPointAsync(session, token) is { } point)
            {
                // It may have ended between the two copies, or before the first was durable.
                await store.FlushNamesAsync(new BlobName(FileNames.RestorePoint(session)), token);
                await name.PutMirrorAsync(point, token);
            }

            await leases.TryDeleteAsync(session);
            return isDecided ? [] : [session];
        }
        catch (StoreException failure)
        {
            environment.Warn($"The remains of session {session} could not be cleaned up: {failure.Message}");
            return [];
        }
    }

    /// <returns>The point that the session published; null where it was fenced, or its point is gone or damaged.
    /// </returns>
    private async Task<RestorePoint?> TryReadPointAsync(SessionId session, CancellationToken token)
    {
        try
        {
            return await new PointCatalog(store, repository).TryReadAsync(session, token);
        }
        catch (CorruptDataException)
        {
            return null; // which verification tells
        }
    }

    /// <summary>Those of sessions that are not at work; and those of files put without a lease that stand by now, so
    /// that nothing can come of them any more.</summary>
    private async Task<HashSet<BlobName>> FindUselessAsync(
        HashSet<BlobName> temporaries, HashSet<SessionId> atWork, CancellationToken token)
    {
        HashSet<BlobName> useless = [];
        foreach (BlobName name in temporaries)
        {
            if (IsOfSession(name) ? !IsOfAny(atWork, name) : await store.TryGetLengthAsync(name, token) is not null)
            {
                useless.Add(name);
            }
        }

        return useless;
    }

    private async Task DeleteMarksOfNoneAsync(IReadOnlySet<SessionId> decided, CancellationToken token)
    {
        List<(SessionId, long)> ofNone = [];
        await foreach (SessionId marked in marks.ListAsync(token))
        {
            // Asked once more: the point may have been published after the names were listed, or lost its first copy.
            bool isGone = !decided.Contains(marked)
                && await store.TryGetLengthAsync(new BlobName(FileNames.RestorePoint(marked)), token) is null
                && await store.TryGetLengthAsync(new BlobName(FileNames.RestorePointMirror(marked)), token) is null;
            if (isGone)
            {
                ofNone.Add((marked, 0));
            }
        }

        bool isDurable = false;
        await TryDeleteAsync(ofNone, async (point, _) =>
        {
            if (!isDurable)
            {
                await marks.FlushPointsAsync(point, token); // of all of them: they were seen to be gone
                isDurable = true;
            }

            await marks.DeleteAsync(point);
        });
    }

    private async Task TryDeleteAsync(
        IEnumerable<(SessionId Session, long Number)> files, Func<SessionId, long, Task> deleteAsync)
    {
        try
        {
            foreach ((SessionId session, long number) in files)
            {
                await deleteAsync(session, number);
            }
        }
        catch (StoreException failure)
        {
            environment.Warn($"What ended sessions left behind could not be cleaned up: {failure.Message}");
        }
    }

    private static bool IsOfSession(BlobName name) =>
        !FoldersWithoutLease.Any(folder => name.Path.StartsWith(folder, StringComparison.Ordinal));

    private static bool IsOfAny(HashSet<SessionId> alive, BlobName name) =>
        alive.Any(session => name.Path.Contains(session.ToString(), StringComparison.Ordinal));
}
