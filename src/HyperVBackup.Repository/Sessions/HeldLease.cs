using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Collections;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Sessions;

/// <summary>The lease that a session holds while it is at work, with its signs of life, and what the session must not
/// rely on. One thread at a time.</summary>
internal sealed class HeldLease
{
    private readonly LeaseFile leases;
    private readonly SignsOfLife signs;
    private bool isHeld = true;

    private HeldLease(LeaseFile leases, SessionId id, CommitName name, SignsOfLife signs) =>
        (this.leases, Id, Name, this.signs) = (leases, id, name, signs);

    public SessionId Id { get; }

    /// <summary>Where the session is decided; of a reading session, where a fence may come to stand.</summary>
    public CommitName Name { get; }

    /// <summary>Puts a lease that knows of collection <paramref name="highest"/>, under a new id (W1, R1). Before it
    /// stands, another session may take its temporary file for the remains of a dead one; nothing hangs on it yet, so
    /// it is put again under another id.</summary>
    /// <exception cref="StoreException">The store cannot be written.</exception>
    public static async Task<HeldLease> PutAsync(
        IBlobStore store, RepositoryId repository, RepositoryEnvironment environment, LeaseKind kind, long highest,
        SessionId point, CancellationToken token)
    {
        const int TryCountMax = 3;
        LeaseFile leases = new(store, repository);
        Lease lease = new()
        {
            Kind = kind,
            HighestCollection = highest,
            Started = environment.Clock.GetUtcNow(),
            Host = environment.HostName,
            ProcessId = environment.ProcessId,
            Point = point,
        };
        for (int tries = 1; ; tries++)
        {
            SessionId id = NewId(environment.Randomness);
            try
            {
                await leases.PutAsync(id, lease, token);
                SignsOfLife signs = new(new SignFiles(store, repository), id, environment.Clock);
                return new HeldLease(leases, id, new CommitName(store, repository, id), signs);
            }
            catch (StoreException) when (tries < TryCountMax)
            {
                await leases.TryDeleteAsync(id); // it may stand all the same
            }
        }
    }

    /// <summary>Ends the session, decided or given up for good: takes the lease away, and then a fence that somebody
    /// else put for it (W7, R5). Never fails: what is left behind, a later session cleans up.</summary>
    public async Task EndAsync()
    {
        if (!isHeld)
        {
            return;
        }

        isHeld = false;
        await signs.DisposeAsync();
        if (!Name.IsInDoubt && await leases.TryDeleteAsync(Id))
        {
            await Name.TryRemoveFenceAsync();
        }
    }

    private static SessionId NewId(RandomFill randomness)
    {
        Span<byte> bytes = stackalloc byte[SessionId.SizeBytes];
        randomness(bytes);
        return new SessionId(bytes);
    }
}
