using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maintenance;
using HyperVBackup.Repository.Pins;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Repository.Tests.Maintenance;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Repository.Tests.Pins;

public sealed class PointPinsTests
{
    private static readonly DateTimeOffset Later = PinSample.Start.AddDays(10);

    [Fact]
    public async Task A_pinned_point_is_held_until_the_pin_is_removed()
    {
        PinSample sample = await PinSample.CreateAsync();
        RestorePoint point = await sample.BackUpAsync(1);
        RestorePoint other = await sample.BackUpAsync(2);
        await sample.Pins.PinAsync(point.Id, default);
        await sample.Pins.PinAsync(point.Id, default);
        PointLocks locks = await sample.LocksAsync();
        Assert.Equal(new PointLock(PointLockKind.Pinned, false, null), Assert.Single(locks.Of(point.Id)));
        Assert.False(locks.IsImmutable(point.Id));
        Assert.Empty(locks.Of(other.Id));
        Assert.Single(sample.Files);
        Assert.Equal(1, await sample.Pins.RemoveAsync(point.Id, force: false, default));
        Assert.Equal(0, await sample.Pins.RemoveAsync(point.Id, force: false, default));
        Assert.False((await sample.LocksAsync()).Holds(point.Id));
    }

    [Fact]
    public async Task A_pruned_point_is_not_pinned_any_more()
    {
        PinSample sample = await PinSample.CreateAsync();
        RestorePoint point = await sample.BackUpAsync(1);
        await sample.MarkAsync(point.Id);
        await AssertPrunedAsync(sample, point);
        await sample.Sample.Store.DeleteAsync(new BlobName(FileNames.PruneMark(point.Id)), default);
        await sample.Sample.Store.DeleteAsync(new BlobName(FileNames.RestorePoint(point.Id)), default);
        await sample.Sample.Store.DeleteAsync(new BlobName(FileNames.RestorePointMirror(point.Id)), default);
        await AssertPrunedAsync(sample, point);
        await new CommitName(sample.Sample.Store, sample.Repository.Id, point.Id).TryFenceAsync(default);
        await AssertPrunedAsync(sample, point);
    }

    /// <summary>The mark comes at every moment of pinning: the pin stands before the mark is looked for, or it is not
    /// told of.</summary>
    [Fact]
    public async Task A_mark_put_at_any_moment_is_seen_or_comes_after_the_pin()
    {
        bool wasRefused = true;
        for (int moment = 0; wasRefused; moment++)
        {
            PinSample sample = await PinSample.CreateAsync();
            RestorePoint point = await sample.BackUpAsync(1);
            int calls = 0;
            bool stoodBefore = false;
            MemoryStore store = sample.Sample.Store;
            store.Before = call =>
            {
                if (calls++ == moment)
                {
                    stoodBefore = sample.Files.Count == 1;
                    store[new BlobName(FileNames.PruneMark(point.Id))] = [];
                }
            };
            wasRefused = await Record.ExceptionAsync(() => sample.Pins.PinAsync(point.Id, default)) is not null;
            Assert.Equal(wasRefused ? 0 : 1, sample.Files.Count);
            Assert.True(wasRefused || stoodBefore || calls <= moment);
        }
    }

    /// <summary>Who put the other pin may be about to see a mark, and to take it back.</summary>
    [Fact]
    public async Task Somebody_elses_pin_does_not_count()
    {
        PinSample sample = await PinSample.CreateAsync();
        RestorePoint point = await sample.BackUpAsync(1);
        PinFiles files = new(sample.Sample.Store, sample.Repository.Id);
        foreach (DateTimeOffset? until in (DateTimeOffset?[])[null, Later])
        {
            Pin pin = new() { ImmutableUntil = until, Made = PinSample.Start, Host = "" };
            StoredPin other = await files.PutAsync(point.Id, new SessionId(new byte[16]), pin, default);
            await (until is { } time
                ? sample.Pins.HoldAsync(point.Id, time, default)
                : sample.Pins.PinAsync(point.Id, default));
            await files.DeleteAsync(other, default);
            PointLocks locks = await sample.LocksAsync();
            Assert.Contains(new PointLock(
                until is null ? PointLockKind.Pinned : PointLockKind.Immutable, false, until), locks.Of(point.Id));
        }
    }

    [Fact]
    public async Task Immutability_ends_with_its_time_and_is_only_extended()
    {
        PinSample sample = await PinSample.CreateAsync();
        RestorePoint point = await sample.BackUpAsync(1);
        await sample.Pins.HoldAsync(point.Id, Later, default);
        await sample.Pins.HoldAsync(point.Id, Later, default);
        await RefusedAsync(() => sample.Pins.HoldAsync(point.Id, Later.AddSeconds(-1), default), "only be extended");
        await RefusedAsync(() => sample.Pins.HoldAsync(point.Id, PinSample.Start, default), "has passed");
        await RefusedAsync(() => sample.Pins.RemoveAsync(point.Id, force: true, default), "immutable until 2026-11-30");
        await sample.Pins.HoldAsync(point.Id, Later.AddDays(1), default);
        Assert.Equal(Later.AddDays(1), (await sample.LocksAsync()).ImmutableUntil(point.Id));
        foreach ((TimeSpan past, bool isHeld) in ((TimeSpan, bool)[])[(default, true), (TimeSpan.FromDays(1), false)])
        {
            sample.Clock.Now = Later + past;
            await sample.BackUpAsync(2);
            PointLocks locks = await sample.LocksAsync();
            Assert.Equal((isHeld, isHeld), (locks.Holds(point.Id), locks.IsImmutable(point.Id)));
        }

        Assert.Equal(3, await sample.Pins.RemoveAsync(point.Id, force: false, default));
        Assert.Empty(sample.Files);
    }

    [Fact]
    public async Task A_repository_is_immutable_with_all_that_comes()
    {
        PinSample sample = await PinSample.CreateAsync();
        await sample.Pins.HoldAsync(default, Later, default);
        RestorePoint point = await sample.BackUpAsync(1);
        PointLock held = Assert.Single((await sample.LocksAsync()).Of(point.Id));
        Assert.Equal(new PointLock(PointLockKind.Immutable, true, Later), held);
        Assert.Equal("the whole repository is immutable until 2026-11-30 12:00:00Z", held.ToString());
        await RefusedAsync(() => sample.Pins.RemoveAsync(default, force: true, default), "The whole repository is");
        await sample.Pins.PinAsync(point.Id, default);
        Assert.Equal(1, await sample.Pins.RemoveAsync(point.Id, force: false, default));
    }

    [Theory]
    [InlineData(20, 20, 9.5, PointLockKind.Immutable, false)]
    [InlineData(20, 9, 9.5, PointLockKind.Immutable, true)]
    [InlineData(9, 20, 9.5, PointLockKind.Immutable, true)]
    [InlineData(20, 20, 8.9, PointLockKind.ClockDoubted, true)]
    [InlineData(20, 20, 0, PointLockKind.ClockDoubted, true)]
    public async Task Both_clocks_and_the_newest_evidence_must_have_come_near(
        double hostDays, double storeDays, double evidenceDays, PointLockKind kind, bool isHeld)
    {
        PinSample sample = await PinSample.CreateAsync();
        RestorePoint point = await sample.BackUpAsync(1);
        await sample.Pins.HoldAsync(point.Id, Later, default);
        sample.Clock.Now = PinSample.Start.AddDays(evidenceDays);
        await sample.BackUpAsync(2);
        sample.Clock.Now = PinSample.Start.AddDays(hostDays);
        sample.Sample.Store.Time = PinSample.Start.AddDays(storeDays);
        Assert.Equal(
            isHeld ? [new PointLock(kind, false, Later)] : [], (await sample.LocksAsync()).Of(point.Id));
        bool isOver = hostDays > 10 && storeDays > 10;
        Assert.Equal(!isOver, (await sample.LocksAsync(trustsClocks: true)).Holds(point.Id));
        if (isHeld)
        {
            await RefusedAsync(() => sample.Pins.RemoveAsync(point.Id, force: false, default), "immutable until");
        }

        if (isOver)
        {
            await sample.Pins.RemoveAsync(point.Id, force: true, default);
        }
    }

    /// <summary>Points, leases and pins are evidence, each alone.</summary>
    [Fact]
    public async Task Leases_and_pins_are_evidence_too()
    {
        PinSample sample = await PinSample.CreateAsync();
        RestorePoint point = await sample.BackUpAsync(1);
        await sample.Pins.HoldAsync(point.Id, Later, default);
        sample.Clock.Now = Later;
        WritingSession session = await sample.Repository.OpenWritingSessionAsync(LeaseKind.Backup, default);
        sample.Clock.Now = Later.AddDays(9);
        Assert.False((await sample.LocksAsync()).Holds(point.Id));
        await session.DisposeAsync();
        Assert.True((await sample.LocksAsync()).Holds(point.Id));
        RestorePoint other = await sample.BackUpAsync(2);
        await sample.Sample.Store.DeleteAsync(new BlobName(FileNames.RestorePoint(other.Id)), default);
        Assert.True((await sample.LocksAsync()).Holds(point.Id));
        sample.Clock.Now = Later;
        await sample.Pins.PinAsync(point.Id, default);
        Assert.Equal(PointLockKind.Pinned, Assert.Single((await sample.LocksAsync()).Of(point.Id)).Kind);
    }

    [Fact]
    public async Task A_pin_that_cannot_be_read_holds_until_somebody_insists()
    {
        PinSample sample = await PinSample.CreateAsync();
        RestorePoint point = await sample.BackUpAsync(1);
        await sample.Pins.HoldAsync(point.Id, Later, default);
        sample.Sample.Store[Assert.Single(sample.Files)][^1] ^= 1;
        PointLocks locks = await sample.LocksAsync();
        Assert.Equal(PointLockKind.Unreadable, Assert.Single(locks.Of(point.Id)).Kind);
        Assert.True(locks.IsImmutable(point.Id));
        await RefusedAsync(() => sample.Pins.RemoveAsync(point.Id, force: false, default), "cannot be read");
        Assert.Equal(
            [Assert.Single(sample.Files).Path],
            (await ByteDamageTests.VerifyAsync(sample.Repository, new VerificationOptions())).Damage.Select(
                damage => damage.File));
        Assert.Equal(1, await sample.Pins.RemoveAsync(point.Id, force: true, default));
        Assert.False((await sample.LocksAsync()).Holds(point.Id));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_backup_is_immutable_before_its_point_stands_and_leaves_no_pin_without_one(bool isFenced)
    {
        PinSample sample = await PinSample.CreateAsync();
        MemoryStore store = sample.Sample.Store;
        WritingSession session = await sample.Repository.OpenWritingSessionAsync(LeaseKind.Backup, default);
        session.ImmutableUntil = Later;
        RestorePoint point = await sample.Sample.WriteAsync(session, [1]);
        string name = FileNames.RestorePoint(session.Id);
        int pinsBefore = -1;
        store.Before = call =>
        {
            if (call.Kind == StoreCallKind.Put && call.Name == name)
            {
                pinsBefore = sample.Files.Count;
                if (isFenced)
                {
                    store[new BlobName(name)] = new byte[FileHeader.SizeBytes];
                }
            }
        };
        Exception? failure = await Record.ExceptionAsync(() => session.CommitAsync(point, default));
        await session.DisposeAsync();
        Assert.Equal(1, pinsBefore);
        Assert.Equal(isFenced, failure is SessionFencedException);
        Assert.Equal(isFenced ? 0 : 1, sample.Files.Count);
        Assert.Equal(!isFenced, (await new PointPins(sample.Repository).ReadAsync(default)).Holds(session.Id));
    }

    [Fact]
    public async Task Pruned_points_are_shown_only_where_they_are_pinned()
    {
        PinSample sample = await PinSample.CreateAsync();
        RestorePoint[] points = [await sample.BackUpAsync(1), await sample.BackUpAsync(2), await sample.BackUpAsync(3)];
        await sample.Pins.PinAsync(points[1].Id, default);
        await sample.MarkAsync(points[0].Id);
        await sample.MarkAsync(points[1].Id);
        IEnumerable<SessionId> shown = (await sample.Repository.ListShownPointsAsync()).Select(point => point.Id);
        Assert.Equal(new[] { points[1].Id, points[2].Id }.Order(), shown.Order());
        Assert.Equal(3, (await sample.Repository.ListPointsAsync()).Count);
    }

    private static async Task RefusedAsync(Func<Task> attempt, string needle)
    {
        PinRefusedException refusal = await Assert.ThrowsAsync<PinRefusedException>(attempt);
        Assert.Contains(needle, refusal.Message, StringComparison.Ordinal);
    }

    private static async Task AssertPrunedAsync(PinSample sample, RestorePoint point)
    {
        await Assert.ThrowsAsync<RestorePointNotFoundException>(() => sample.Pins.PinAsync(point.Id, default));
        await Assert.ThrowsAsync<RestorePointNotFoundException>(() => sample.Pins.HoldAsync(point.Id, Later, default));
        Assert.Empty(sample.Files);
    }
}
