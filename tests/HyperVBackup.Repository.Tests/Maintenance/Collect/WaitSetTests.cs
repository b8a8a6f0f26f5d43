using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maintenance.Collect;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maintenance.Collect;

/// <summary>Whom a collector waits for, and when it loses patience.</summary>
public sealed class WaitSetTests
{
    private static readonly CollectOptions patient =
        CollectSample.WithoutRepacking with { Patience = TimeSpan.FromMinutes(10) };

    private readonly QuickClock clock = new();

    [Fact]
    public async Task A_session_that_shows_no_sign_of_life_is_fenced_after_the_patience_and_publishes_nothing()
    {
        (SampleRepository sample, RestorePoint old) = await MakeAsync();
        await using WritingSession session = await sample.Repository.OpenWritingSessionAsync(LeaseKind.Backup, default);
        RestorePoint point = await sample.WriteAsync(session, [1, 2], vm: "late");
        CollectReport report = await CollectAsync(sample);
        Assert.Equal([session.Id], report.SessionsFenced);
        Assert.InRange(clock.Passed, TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(11));
        await Assert.ThrowsAsync<SessionFencedException>(() => session.CommitAsync(point, default));
        await sample.RequireGoodAsync(old);
    }

    [Fact]
    public async Task A_session_that_shows_signs_of_life_is_waited_for_until_it_commits()
    {
        (SampleRepository sample, RestorePoint old) = await MakeAsync();
        await using WritingSession session = await sample.Repository.OpenWritingSessionAsync(LeaseKind.Backup, default);
        RestorePoint point = await sample.WriteAsync(session, [1, 2], vm: "slow");
        long sign = 0;
        SignFiles signs = new(sample.Store, sample.Repository.Id);
        sample.Store.Before = call =>
        {
            bool isLook = call.Kind == StoreCallKind.List && call.Name == FileNames.SignOfLifeFolder;
            if (isLook && ++sign is > 0 and < 4000 && sign % 500 == 0)
            {
                signs.PutAsync(session.Id, new SignOfLife(100 + sign, DateTimeOffset.UnixEpoch), default).Wait();
            }
            else if (isLook && sign == 4000)
            {
                session.CommitAsync(point, default).Wait();
            }
        };
        CollectReport report = await CollectAsync(sample);
        sample.Store.Before = null;
        Assert.Empty(report.SessionsFenced);
        Assert.True(clock.Passed > TimeSpan.FromMinutes(60));
        sample.Disks[point.Id] = [1, 2];
        await sample.RequireGoodAsync(old);
    }

    [Fact]
    public async Task A_reader_of_a_point_that_goes_is_waited_for_and_no_other()
    {
        (SampleRepository sample, RestorePoint old) = await MakeAsync(isMarked: false);
        RestorePoint other = (await sample.Repository.ListPointsAsync()).First(point => point.Id != old.Id);
        ReadingSession ofOld = await sample.Repository.OpenReadingSessionAsync(LeaseKind.Restore, old.Id, default);
        ReadingSession ofOther = await sample.Repository.OpenReadingSessionAsync(LeaseKind.Restore, other.Id, default);
        await sample.MarkAsync(old);
        CollectReport report = await CollectAsync(sample);
        Assert.Single(report.SessionsFenced);
        await ofOld.DisposeAsync();
        await ofOther.DisposeAsync();
        await sample.RequireGoodAsync(old);
    }

    [Fact]
    public async Task A_session_of_a_dead_process_of_this_host_is_given_up_at_once()
    {
        (SampleRepository sample, RestorePoint old) = await MakeAsync();
        await sample.Repository.OpenWritingSessionAsync(LeaseKind.Backup, default);
        CollectReport report = await CollectSample.CollectAsync(
            sample.Store, patient, NewHost() with { ProcessId = 8, IsProcessAlive = _ => false });
        Assert.Single(report.SessionsFenced);
        Assert.Equal(TimeSpan.Zero, clock.Passed);
        await sample.RequireGoodAsync(old);
    }

    [Fact]
    public async Task A_session_that_saw_the_collection_is_not_waited_for()
    {
        (SampleRepository sample, RestorePoint old) = await MakeAsync();
        WritingSession? session = null;
        bool isOpening = false;
        sample.Store.After = call =>
        {
            if (!isOpening && call.Kind == StoreCallKind.Put && call.Name == FileNames.Condemned(1))
            {
                isOpening = true;
                session = sample.Repository.OpenWritingSessionAsync(LeaseKind.Backup, default).Result;
            }
        };
        CollectReport report = await CollectAsync(sample);
        sample.Store.After = null;
        Assert.Empty(report.SessionsFenced);
        RestorePoint point = await sample.WriteAsync(session!, [8, 9], vm: "new");
        await session!.CommitAsync(point, default);
        await session.DisposeAsync();
        sample.Disks[point.Id] = [8, 9];
        await sample.RequireGoodAsync(old);
    }

    [Fact]
    public async Task A_lease_that_could_not_be_read_once_is_waited_for_until_it_can_be()
    {
        (SampleRepository sample, RestorePoint old) = await MakeAsync();
        WritingSession? session = null;
        byte[] lease = [];
        int lookCount = 0;
        sample.Store.After = call =>
        {
            if (session is null && call.Kind == StoreCallKind.Put && call.Name == FileNames.Condemned(1))
            {
                sample.Store.After = null;
                session = sample.Repository.OpenWritingSessionAsync(LeaseKind.Backup, default).Result;
                lease = sample.Store[LeaseFile.NameOf(session.Id)];
                sample.Store[LeaseFile.NameOf(session.Id)] = lease[..^1];
            }
        };
        sample.Store.Before = call =>
        {
            bool isLook = call.Kind == StoreCallKind.List && call.Name == FileNames.SignOfLifeFolder;
            if (isLook && session is not null && ++lookCount == 5)
            {
                sample.Store[LeaseFile.NameOf(session.Id)] = lease;
            }
        };
        CollectReport report = await CollectAsync(sample);
        sample.Store.Before = null;
        Assert.Empty(report.SessionsFenced);
        Assert.InRange(clock.Passed, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
        await session!.DisposeAsync();
        await sample.RequireGoodAsync(old);
    }

    [Fact]
    public async Task What_a_session_left_that_is_long_silent_goes_and_what_one_at_work_stores_is_left()
    {
        (SampleRepository sample, _) = await MakeAsync(isMarked: false);
        await using WritingSession session = await sample.Repository.OpenWritingSessionAsync(LeaseKind.Backup, default);
        await sample.WriteAsync(session, [1, 2], vm: "never");
        await session.FlushAsync(default);
        int packCount = sample.Packs(PackKind.Chunks).Count;
        QuickClock early = new();
        CollectReport left = await CollectSample.CollectAsync(
            sample.Store, patient, NewHost() with { Clock = early });
        Assert.Equal((0, packCount), (left.PacksRemoved, sample.Packs(PackKind.Chunks).Count));
        CollectReport gone = await CollectSample.CollectAsync(
            sample.Store, patient, NewHost() with { Clock = new QuickClock(TimeSpan.FromDays(30_000)) });
        Assert.Equal([session.Id], gone.SessionsFenced);
        Assert.Equal(2, gone.PacksRemoved);
        await sample.RequireGoodAsync();
    }

    private static async Task<(SampleRepository Sample, RestorePoint Old)> MakeAsync(bool isMarked = true)
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        RestorePoint old = await sample.BackUpAsync([8, 9], vm: "old");
        await sample.BackUpAsync([3, 4], vm: "kept");
        if (isMarked)
        {
            await sample.MarkAsync(old);
        }

        return (sample, old);
    }

    private RepositoryEnvironment NewHost() => CollectSample.NewEnvironment() with { Clock = clock };

    private Task<CollectReport> CollectAsync(SampleRepository sample) =>
        CollectSample.CollectAsync(sample.Store, patient, NewHost());
}
