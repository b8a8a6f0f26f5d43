using HyperVBackup.Repository.Collections;

namespace HyperVBackup.Repository.Sessions;

/// <summary>A look at all of a repository under a lease that names no point: a collector that would delete anything
/// waits for it, or gives it up. Nothing that stood when it began goes until it ends, but what is absent and what a
/// collector that gave it up deletes. A repository that cannot be written is looked at without a lease.</summary>
internal sealed class Inspection(
    CollectionFiles collections, HeldLease? lease, AbsentSet absent, long progress) : IAsyncDisposable
{
    /// <summary>What the collection that was under way deletes, or may delete.</summary>
    public AbsentSet Absent => absent;

    /// <summary>Whether anything may have been deleted, for which a copy was put, that this look knew of too late.
    /// </summary>
    /// <exception cref="Storage.StoreException">The store cannot be read.</exception>
    public async Task<bool> IsOvertakenAsync(CancellationToken token) =>
        progress != await collections.ReadProgressAsync(token)
        || (lease is not null && await lease.Name.IsFencedAsync(token));

    public async ValueTask DisposeAsync()
    {
        if (lease is not null)
        {
            await lease.EndAsync();
        }
    }
}
