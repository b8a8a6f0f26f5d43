using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Collections;
using HyperVBackup.Repository.Sessions;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>The session in which packs are rewritten: a lease first, then what it must not rely on; a fence at its own
/// name last, so that it is decided. One thread at a time.</summary>
internal sealed class RepackSession
{
    private readonly HeldLease lease;

    private RepackSession(HeldLease lease, AbsentSet absent) => (this.lease, Absent) = (lease, absent);

    public SessionId Id => lease.Id;

    /// <summary>Packs that are no sources.</summary>
    public AbsentSet Absent { get; }

    public static async Task<RepackSession> OpenAsync(CollectionStore store, CancellationToken token)
    {
        long highest = await store.Collections.ReadHighestAsync(token);
        HeldLease lease = await HeldLease.PutAsync(
            store.Store, store.Repository, store.Environment, LeaseKind.Repack, highest, default, token);
        try
        {
            return new RepackSession(lease, await store.Collections.ReadAbsentAsync(token));
        }
        catch
        {
            await lease.EndAsync();
            throw;
        }
    }

    /// <summary>Whether another collector gave the session up: others then remove what it had begun to write.</summary>
    public Task<bool> IsGivenUpAsync() => lease.Name.IsFencedAsync(CancellationToken.None);

    /// <summary>Decides the session; whoever fenced it before did the same. Where that fails, it ends undecided, as one
    /// that was broken off.</summary>
    /// <exception cref="Storage.StoreException">The store failed.</exception>
    public async Task EndAsync()
    {
        try
        {
            await lease.Name.DecideWithoutPointAsync(CancellationToken.None);
        }
        finally
        {
            await lease.EndAsync();
        }
    }
}
