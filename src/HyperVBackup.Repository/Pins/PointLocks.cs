using HyperVBackup.Format;
using HyperVBackup.Format.Points;

namespace HyperVBackup.Repository.Pins;

/// <summary>
/// Which restore points may not go now, and why: the one place that every verb asks which marks, retires, deletes or
/// rewrites. It is what stood when it was read; who collects must list prune marks before he reads it, so that no pin
/// is missed whose owner was told that it holds. Immutable and thread-safe.
/// </summary>
public sealed class PointLocks
{
    private readonly ILookup<SessionId, StoredPin> pins;
    private readonly BelievedTime now;

    internal PointLocks(IEnumerable<StoredPin> pins, BelievedTime now)
    {
        this.pins = pins.ToLookup(pin => pin.Point);
        this.now = now;
    }

    /// <summary>By what time it was judged; default where no clock was asked.</summary>
    internal BelievedTime Now => now;

    /// <summary>Every reason why a point may not go; none where it may.</summary>
    public IReadOnlyList<PointLock> Of(SessionId point) =>
        [.. pins[default].Concat(pins[point]).Select(LockOf).OfType<PointLock>().Distinct()];

    /// <summary>Whether a point may go.</summary>
    public bool Holds(SessionId point) => Of(point).Count > 0;

    /// <summary>Whether also nothing may be deleted or rewritten that the point reaches: no pack with a copy of its
    /// chunks, nodes or lists.</summary>
    public bool IsImmutable(SessionId point) => Of(point).Any(held => held.IsImmutable);

    /// <summary>The latest time until which a point is immutable, whether it has come or not; null where it never was,
    /// or where that cannot be read.</summary>
    public DateTimeOffset? ImmutableUntil(SessionId point) =>
        pins[default].Concat(point.IsNone ? [] : pins[point]).Max(pin => pin.Pin?.ImmutableUntil);

    /// <summary>Reads the pins, and, where any is immutable, the clocks and the times they are held against.</summary>
    /// <param name="points">All restore points, for their times.</param>
    /// <param name="trustsClocks">See <see cref="PointLockKind.ClockDoubted"/>.</param>
    /// <exception cref="Storage.StoreException">The store cannot be read, or tells no time.</exception>
    public static async Task<PointLocks> ReadAsync(
        BackupRepository repository, IEnumerable<RestorePoint> points, bool trustsClocks, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(repository);
        List<StoredPin> pins = await new PinFiles(repository.Store, repository.Id).ReadAllAsync(token);
        BelievedTime now = pins.Any(pin => pin.Pin?.ImmutableUntil is not null)
            ? await ReadTimeAsync(repository, points, pins, trustsClocks, token)
            : default;
        return new PointLocks(pins, now);
    }

    /// <summary>What the clocks show, and what they are held against.</summary>
    internal static async Task<BelievedTime> ReadTimeAsync(
        BackupRepository repository, IEnumerable<RestorePoint> points, IEnumerable<StoredPin> pins,
        bool trustsClocks, CancellationToken token)
    {
        DateTimeOffset evidence = repository.Settings.Created;
        foreach (DateTimeOffset time in points.Select(point => point.Time).Concat(pins.Select(pin => pin.Pin?.Made)
            .OfType<DateTimeOffset>()))
        {
            evidence = time > evidence ? time : evidence;
        }

        await foreach (SessionId session in repository.Leases.ListAsync(token))
        {
            DateTimeOffset? started = (await repository.Leases.TryReadAsync(session, token))?.Started;
            evidence = started > evidence ? started.Value : evidence;
        }

        return new BelievedTime(
            repository.Environment.Clock.GetUtcNow(), await repository.Store.ReadTimeAsync(token), evidence,
            trustsClocks);
    }

    /// <returns>Null where the pin has ended.</returns>
    private PointLock? LockOf(StoredPin stored)
    {
        bool isOfEveryPoint = stored.Point.IsNone;
        if (stored.Pin is not { } pin)
        {
            return new PointLock(PointLockKind.Unreadable, isOfEveryPoint, null);
        }

        if (pin.ImmutableUntil is not { } until)
        {
            return new PointLock(PointLockKind.Pinned, isOfEveryPoint, null);
        }

        PointLockKind kind = now.Doubts(until) ? PointLockKind.ClockDoubted : PointLockKind.Immutable;
        return now.HasReached(until) ? null : new PointLock(kind, isOfEveryPoint, until);
    }
}
