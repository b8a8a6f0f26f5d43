using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Index;

namespace HyperVBackup.Repository;

/// <summary>What a repository takes from outside: clock, randomness, the host it runs on, and its limits.</summary>
public sealed record RepositoryEnvironment
{
    public const long MemoryBudgetDefaultBytes = 1L << 30;

    /// <summary>For the times that restore points and leases record; safety never depends on it.</summary>
    public required TimeProvider Clock { get; init; }

    /// <summary>Fills a span with random bytes that never repeat; names sessions and repositories.</summary>
    public required RandomFill Randomness { get; init; }

    /// <summary>The host's own folder for the chunk index and what restore points say; null keeps the index in
    /// memory and reads all points each time.</summary>
    public string? StateFolder { get; init; }

    /// <summary>A ceiling for what this process keeps in memory for the repository, in bytes.</summary>
    public long MemoryBudgetBytes { get; init; } = MemoryBudgetDefaultBytes;

    /// <summary>Names this host in leases; compared as text. Without a name no session is taken for one of this host's
    /// dead processes.</summary>
    public string HostName { get; init; } = "";

    /// <summary>This process, in leases.</summary>
    public uint ProcessId { get; init; }

    /// <summary>Whether a process of this host still runs; a wrong yes only leaves its remains for later.</summary>
    public Func<uint, bool> IsProcessAlive { get; init; } = _ => true;

    /// <summary>Whether a lease is of a process of this host that runs no more; a wrong no leaves it for later.
    /// </summary>
    internal bool IsGone(Lease? lease) =>
        lease is not null
        && HostName.Length > 0
        && string.Equals(lease.Host, HostName, StringComparison.OrdinalIgnoreCase)
        && lease.ProcessId != ProcessId
        && !IsProcessAlive(lease.ProcessId);

    /// <summary>Stands before the index of each session; for tests that watch what is asked.</summary>
    internal Func<IChunkIndex, IChunkIndex> WatchIndex { get; init; } = index => index;

    /// <summary>Of so many records that a backup relies on instead of storing bytes anew, one is read again in the long
    /// run, and more often at the beginning.</summary>
    internal int OneHitReadIn { get; init; } = 1024;

    /// <summary>Takes sentences about what was found and mended on the way; never needed for correctness.</summary>
    public Action<string> Warn { get; init; } = _ => { };
}
