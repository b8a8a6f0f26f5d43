using HyperVBackup.Format;
using HyperVBackup.Format.Points;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>Guesses which sessions are dead, by the times that they wrote themselves. That decides only whether it is
/// worth while to propose what they left: whoever waits for them then finds out, without these times.</summary>
internal sealed class SilentSessions(CollectionStore store, TimeSpan patience)
{
    /// <summary>Those of them that wrote nothing for longer than the patience.</summary>
    public async Task<HashSet<SessionId>> FindAsync(IEnumerable<SessionId> sessions, CancellationToken token)
    {
        Dictionary<SessionId, long> signs = await store.Signs.ReadCountersAsync(token);
        HashSet<SessionId> silent = [];
        foreach (SessionId session in sessions.Distinct())
        {
            DateTimeOffset? last = (await store.Leases.TryReadAsync(session, token))?.Started;
            if (signs.TryGetValue(session, out long counter)
                && await store.Signs.TryReadAsync(session, counter, token) is SignOfLife sign)
            {
                last = last > sign.Time ? last : sign.Time;
            }

            if (last is null || store.Environment.Clock.GetUtcNow() - last >= patience)
            {
                silent.Add(session);
            }
        }

        return silent;
    }
}
