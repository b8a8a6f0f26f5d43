using HyperVBackup.Format;
using HyperVBackup.Format.Points;

namespace HyperVBackup.Repository.Sessions;

/// <summary>A session that holds a lease, as the repository shows it from outside. For people: nothing is decided by
/// it.</summary>
/// <param name="Lease">What it said of itself when it began; null where its lease cannot be read.</param>
/// <param name="State">Whether anything stands under its name.</param>
/// <param name="IsProcessGone">Whether it is of this host, and its process is not there any more.</param>
/// <param name="LastSign">Its last sign of life, by its own clock; null before the first one.</param>
public sealed record SessionAtWork(
    SessionId Id, Lease? Lease, SessionState State, bool IsProcessGone, DateTimeOffset? LastSign);
