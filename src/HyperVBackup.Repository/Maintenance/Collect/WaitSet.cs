using HyperVBackup.Format;
using HyperVBackup.Format.Collections;
using HyperVBackup.Format.Points;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>
/// Waits until no session is at work any more that may rely on what a collection condemns (C5, C6), or fences those
/// that show no sign of life. Only when a session is fenced depends on a clock, this process's own, and on nothing else
/// that clocks say. Used once.
/// </summary>
internal sealed class WaitSet(CollectionStore store, CollectionSet condemned, TimeSpan patience)
{
    private static readonly TimeSpan pollInterval = TimeSpan.FromSeconds(1);
    private readonly TimeProvider clock = store.Environment.Clock;
    private readonly Dictionary<SessionId, (long SeenAt, long Sign)> waiting = [];
    private readonly HashSet<SessionId> unread = [];
    private readonly List<SessionId> fenced = [];

    /// <returns>The sessions that were fenced here.</returns>
    public async Task<IReadOnlyList<SessionId>> RunAsync(
        IProgress<CollectProgress> progress, CancellationToken token)
    {
        await FindAsync(token);
        long total = waiting.Count;
        while (waiting.Count > 0)
        {
            Dictionary<SessionId, long> signs = await store.Signs.ReadCountersAsync(token);
            foreach (SessionId session in waiting.Keys.ToArray())
            {
                await LookAsync(session, signs.GetValueOrDefault(session), token);
            }

            if (waiting.Count > 0)
            {
                progress.Report(new CollectProgress("wait for sessions", total - waiting.Count, total, 0));
                await Task.Delay(pollInterval, clock, token);
            }
        }

        return fenced;
    }

    /// <summary>Each collector finds it for itself, after <c>condemned/n</c> was put (C5).</summary>
    private async Task FindAsync(CancellationToken token)
    {
        List<SessionId> sessions = [];
        await foreach (SessionId session in store.Leases.ListAsync(token))
        {
            sessions.Add(session);
        }

        foreach (SessionId session in sessions)
        {
            Lease? lease = await store.Leases.TryReadAsync(session, token);
            if (lease is null ? await store.ExistsAsync(FileNames.Lease(session), token) : IsInTheWay(lease))
            {
                waiting.Add(session, (clock.GetTimestamp(), 0));
            }

            if (lease is null)
            {
                unread.Add(session);
            }
        }
    }

    /// <summary>Whether a lease that could not be read before can be now, and is not in the way: what leases say never
    /// changes. Until then it may say anything, so it is waited for.</summary>
    private async Task<bool> IsHarmlessAfterAllAsync(SessionId session, CancellationToken token)
    {
        if (!unread.Contains(session) || await store.Leases.TryReadAsync(session, token) is not Lease lease)
        {
            return false;
        }

        unread.Remove(session);
        return !IsInTheWay(lease);
    }

    private bool IsInTheWay(Lease lease) =>
        lease.HighestCollection < condemned.Number
        && (lease.Kind is not (LeaseKind.Restore or LeaseKind.Verify)
            || lease.Point.IsNone || condemned.Contains(lease.Point));

    private async Task LookAsync(SessionId session, long sign, CancellationToken token)
    {
        bool isDone = await store.ExistsAsync(FileNames.RestorePoint(session), token)
            || !await store.ExistsAsync(FileNames.Lease(session), token)
            || await IsHarmlessAfterAllAsync(session, token);
        (long seenAt, long seenSign) = waiting[session];
        if (!isDone && sign != seenSign)
        {
            waiting[session] = (clock.GetTimestamp(), sign);
        }
        else if (!isDone && clock.GetElapsedTime(seenAt) >= patience)
        {
            if (await store.CommitNameOf(session).TryFenceAsync(token))
            {
                fenced.Add(session);
            }

            isDone = true;
        }

        if (isDone)
        {
            waiting.Remove(session);
        }
    }
}
