using System.Globalization;
using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Collections;
using HyperVBackup.Repository.Points;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Pins;

/// <summary>
/// Pins restore points, makes them immutable, and takes pins away. Thread-safe. Whoever is told that a point is pinned
/// can rely on it: a pin is put first, and the point's prune mark looked for then; who collects lists marks first, and
/// pins then. So of a pin and a collection that race, one sees the other. Somebody else's pin never counts for one's
/// own: he may be about to take it back, because he saw a mark.
/// </summary>
public sealed class PointPins(BackupRepository repository)
{
    private const string Whole = "The whole repository";
    private readonly PinFiles files = new(repository.Store, repository.Id);
    private readonly PruneMarkFiles marks = new(repository.Store, repository.Id);

    /// <summary>Keeps a point until <see cref="RemoveAsync"/>. Its pin takes the place of those that were there.
    /// </summary>
    /// <exception cref="RestorePointNotFoundException">It was pruned, and may go at any moment.</exception>
    /// <exception cref="StoreException">The store failed; a pin may stand all the same.</exception>
    public async Task PinAsync(SessionId point, CancellationToken token)
    {
        Require(point);
        List<StoredPin> before = await files.ReadAllAsync(token);
        StoredPin added = await files.PutAsync(point, NewId(), NewPin(null, Now()), token);
        await RequireUnmarkedAsync(point, added, token);

        // Only those that stood before ours was put: so of any number that pin at once, the last one's pin stays.
        foreach (StoredPin pin in before.Where(pin => pin.Point == point && pin.Pin is { ImmutableUntil: null }))
        {
            await TakeBackAsync(pin);
        }
    }

    /// <summary>Makes a point, or all there are and will be, immutable until a time; what is so already, for longer.
    /// </summary>
    /// <param name="point">None for the whole repository.</param>
    /// <exception cref="PinRefusedException">The time has come already, or is earlier than the one it is immutable
    /// until now.</exception>
    /// <exception cref="RestorePointNotFoundException">The point was pruned, and may go at any moment.</exception>
    /// <exception cref="StoreException">The store failed; the pin may stand all the same.</exception>
    public async Task HoldAsync(SessionId point, DateTimeOffset until, CancellationToken token)
    {
        RequireToCome(until);
        StoredPin added = await PutAsync(point, until, token);
        if (!point.IsNone)
        {
            await RequireUnmarkedAsync(point, added, token);
        }
    }

    /// <summary>Takes a point's own pins away, or those of the whole repository; a point without any is no error.
    /// </summary>
    /// <param name="point">None for the whole repository.</param>
    /// <param name="force">Also takes away pins that are damaged, and believes clocks that jumped.</param>
    /// <returns>How many pins were taken away.</returns>
    /// <exception cref="PinRefusedException">It is immutable, or a pin cannot be read; by the store, whatever is
    /// forced: the pin may be sound.</exception>
    public async Task<int> RemoveAsync(SessionId point, bool force, CancellationToken token)
    {
        List<RestorePoint> points = await repository.ListPointsAsync(token);
        List<StoredPin> own = [.. (await files.ReadAllAsync(token)).Where(pin => pin.Point == point)];
        BelievedTime now = await ReadTimeAsync(points, own, force, token);
        IReadOnlyList<PointLock> held = new PointLocks(own, now).Of(point);
        PointLock? refusal = held.FirstOrDefault(held => held.Kind != PointLockKind.Pinned
            && !(force && held.Kind == PointLockKind.Unreadable));
        if (refusal is not null)
        {
            string what = point.IsNone ? "" : $"Restore point {point} is ";
            throw new PinRefusedException($"{UpperFirst(what + refusal)}: nothing was removed.");
        }

        if (own.Find(pin => pin.Failure is not null) is { } unread)
        {
            throw new PinRefusedException(
                $"'{unread.Name}' cannot be read ({unread.Failure!.TrimEnd('.')}): it may be immutable, so nothing was "
                + "removed.");
        }

        foreach (StoredPin pin in own)
        {
            await files.DeleteAsync(pin, token);
        }

        return own.Count;
    }

    /// <summary>Refuses a time that has come already, before any work is done for it.</summary>
    /// <exception cref="PinRefusedException">It has.</exception>
    public void RequireToCome(DateTimeOffset until)
    {
        if (until <= Now())
        {
            throw new PinRefusedException($"Nothing can be immutable until {TextOf(until)}: that time has passed.");
        }
    }

    /// <summary>What stands in the repository, without asking any clock: what is immutable counts as held whether its
    /// time has come or not.</summary>
    public async Task<PointLocks> ReadAsync(CancellationToken token) =>
        new(await files.ReadAllAsync(token), default);

    /// <summary>The same for the point of a session that is about to commit.</summary>
    internal Task<StoredPin> HoldForSessionAsync(SessionId session, DateTimeOffset until, CancellationToken token)
    {
        Require(session);
        return PutAsync(session, until, token);
    }

    /// <summary>Takes away a pin that nobody was told of, or that another stands for.</summary>
    internal async Task TakeBackAsync(StoredPin pin)
    {
        try
        {
            await files.DeleteAsync(pin, CancellationToken.None);
        }
        catch (StoreException)
        {
            return; // it holds a point that is none, or one more time what is held
        }
    }

    /// <summary>Deletes pins that mean nothing any more: those whose time has come, and those that keep a point that
    /// is gone.</summary>
    /// <param name="points">All that there are.</param>
    /// <param name="now">Against which times are held.</param>
    internal async Task SweepAsync(IEnumerable<RestorePoint> points, BelievedTime now, CancellationToken token)
    {
        HashSet<SessionId> present = [.. points.Select(point => point.Id)];
        foreach (StoredPin stored in await files.ReadAllAsync(token))
        {
            bool isOver = stored.Pin is { ImmutableUntil: { } until }
                ? now.HasReached(until)
                : stored.Pin is not null && !present.Contains(stored.Point) && await IsGoneAsync(stored.Point, token);
            if (isOver)
            {
                await files.DeleteAsync(stored, token);
            }
        }
    }

    private async Task<StoredPin> PutAsync(SessionId point, DateTimeOffset until, CancellationToken token)
    {
        List<StoredPin> own = [.. (await files.ReadAllAsync(token)).Where(pin => pin.Point == point)];
        DateTimeOffset? before = new PointLocks(own, default).ImmutableUntil(point);
        until = DateTimeOffset.FromUnixTimeMilliseconds(until.ToUnixTimeMilliseconds());
        if (before > until)
        {
            string what = point.IsNone ? Whole : $"Restore point {point}";
            throw new PinRefusedException(
                $"{what} is immutable until {TextOf(before.Value)} already: that can only be extended.");
        }

        DateTimeOffset stamp = await repository.Store.ReadTimeAsync(token);
        Pin pin = NewPin(until, stamp < Now() ? stamp : Now());
        return await files.PutAsync(point, NewId(), pin, token);
    }

    /// <summary>A point that is marked may be in a collection already; the mark of one that is gone may have been
    /// cleaned up, and a late collector's fence stand in its place.</summary>
    private async Task RequireUnmarkedAsync(SessionId point, StoredPin added, CancellationToken token)
    {
        bool isMarked = await HasBlobAsync(FileNames.PruneMark(point), token);
        if (!isMarked && await IsPointAsync(point, token))
        {
            return;
        }

        await TakeBackAsync(added);
        throw new RestorePointNotFoundException(
            $"Restore point {point} was pruned: it may go at any moment, and was not pinned.");
    }

    private async Task<bool> IsPointAsync(SessionId point, CancellationToken token)
    {
        try
        {
            PointCatalog catalog = new(repository.Store, repository.Id);
            CollectionFiles collections = new(repository.Store, repository.Id);
            return await catalog.TryReadAsync(point, token) is not null
                || await new LostPoints(catalog, collections).TryReadAsync(point, token) is not null;
        }
        catch (CorruptDataException)
        {
            return true; // it is there, whatever it is worth
        }
    }

    private async Task<bool> IsGoneAsync(SessionId point, CancellationToken token) =>
        !await HasBlobAsync(FileNames.RestorePoint(point), token)
        && !await HasBlobAsync(FileNames.RestorePointMirror(point), token); // it may have lost its first copy

    private async Task<bool> HasBlobAsync(string name, CancellationToken token) =>
        await repository.Store.TryGetLengthAsync(new BlobName(name), token) is not null;

    private async Task<BelievedTime> ReadTimeAsync(
        List<RestorePoint> points, List<StoredPin> pins, bool trustsClocks, CancellationToken token) =>
        pins.Any(pin => pin.Pin?.ImmutableUntil is not null)
            ? await PointLocks.ReadTimeAsync(repository, points, pins, trustsClocks, token)
            : default;

    private Pin NewPin(DateTimeOffset? until, DateTimeOffset made) => new()
    {
        ImmutableUntil = until,
        Made = made,
        Host = repository.Environment.HostName,
    };

    private DateTimeOffset Now() => repository.Environment.Clock.GetUtcNow();

    private SessionId NewId()
    {
        Span<byte> bytes = stackalloc byte[SessionId.SizeBytes];
        repository.Environment.Randomness(bytes);
        return new SessionId(bytes);
    }

    private static void Require(SessionId point)
    {
        if (point.IsNone)
        {
            throw new ArgumentException("No restore point has that id.", nameof(point));
        }
    }

    private static string UpperFirst(string text) => char.ToUpperInvariant(text[0]) + text[1..];

    private static string TextOf(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
