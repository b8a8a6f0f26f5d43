using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Clocks;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Repository.Tests.Sessions;

public sealed class SignsOfLifeTests
{
    private static readonly TimeSpan Interval = SessionLimits.SignOfLifeInterval;
    private readonly ManualClock clock = new();

    [Fact]
    public async Task A_session_gives_a_sign_in_each_interval_and_takes_the_one_before_away()
    {
        (SampleRepository sample, BackupRepository repository) = await MakeAsync();
        WritingSession session = await repository.OpenWritingSessionAsync(LeaseKind.Backup, default);
        Assert.Empty(sample.NamesIn("signs/"));
        for (int counter = 1; counter <= 12; counter++)
        {
            clock.Advance(Interval);
            Assert.Equal(
                FileNames.SignOfLife(session.Id, counter), Assert.Single(sample.NamesIn("signs/")).Path);
        }

        SignFiles files = new(sample.Store, repository.Id);
        Assert.Equal(12, Assert.Single(await files.ReadCountersAsync(default)).Value);
        Assert.Equal(new SignOfLife(12, clock.GetUtcNow()), await files.TryReadAsync(session.Id, 12, default));
        await session.DisposeAsync();
        Assert.Empty(sample.NamesIn("signs/"));
        Assert.Equal(0, clock.TimerCount);
        clock.Advance(Interval);
        Assert.Empty(sample.NamesIn("signs/"));
    }

    [Fact]
    public async Task A_session_that_reads_gives_signs_too_and_one_that_commits_leaves_none()
    {
        (SampleRepository sample, BackupRepository repository) = await MakeAsync();
        RestorePoint point;
        await using (WritingSession session = await repository.OpenWritingSessionAsync(LeaseKind.Backup, default))
        {
            point = await sample.WriteAsync(session, [1]);
            clock.Advance(Interval);
            Assert.Single(sample.NamesIn("signs/"));
            await session.CommitAsync(point, default);
            Assert.Empty(sample.NamesIn("signs/"));
        }

        await using (await repository.OpenReadingSessionAsync(LeaseKind.Restore, point.Id, default))
        {
            clock.Advance(Interval * 2);
            Assert.EndsWith("-2", Assert.Single(sample.NamesIn("signs/")).Path, StringComparison.Ordinal);
        }

        Assert.Empty(sample.NamesIn("signs/"));
        Assert.Empty(sample.NamesIn("leases/"));
    }

    [Theory]
    [InlineData(StoreCallKind.Put, false)]
    [InlineData(StoreCallKind.Put, true)]
    [InlineData(StoreCallKind.Delete, false)]
    public async Task A_store_that_takes_no_sign_disturbs_no_session_and_the_counter_goes_on(
        StoreCallKind kind, bool isAnswerLost)
    {
        (SampleRepository sample, BackupRepository repository) = await MakeAsync();
        await using WritingSession session = await repository.OpenWritingSessionAsync(LeaseKind.Backup, default);
        Action<StoreCall> fail = call =>
        {
            if (call.Kind == kind && call.Name.StartsWith("signs/", StringComparison.Ordinal))
            {
                throw new StoreException("not now");
            }
        };
        (sample.Store.Before, sample.Store.After) = (isAnswerLost ? null : fail, isAnswerLost ? fail : null);
        clock.Advance(Interval * 3);
        (sample.Store.Before, sample.Store.After) = (null, null);
        clock.Advance(Interval);
        Dictionary<SessionId, long> counters =
            await new SignFiles(sample.Store, repository.Id).ReadCountersAsync(default);
        Assert.Equal(4, Assert.Single(counters).Value);
        RestorePoint point = await sample.WriteAsync(session, [1, 2]);
        await session.CommitAsync(point, default);
        Assert.True(await SampleRepository.ReadsRightAsync(repository, point.Id, [1, 2]));
        await using WritingSession next = await repository.OpenWritingSessionAsync(LeaseKind.Backup, default);
        Assert.Empty(sample.NamesIn("signs/")); // what could not be taken away then is cleaned up
    }

    [Fact]
    public async Task Signs_of_a_session_without_a_lease_are_cleaned_up_and_those_of_one_at_work_are_not()
    {
        (SampleRepository sample, BackupRepository repository) = await MakeAsync();
        await using WritingSession atWork = await repository.OpenWritingSessionAsync(LeaseKind.Backup, default);
        clock.Advance(Interval);
        SignFiles files = new(sample.Store, repository.Id);
        await files.PutAsync(SessionOf(9), new SignOfLife(3, DateTimeOffset.UnixEpoch), default);
        sample.Store[new BlobName("signs/what-is-this")] = [];
        await using WritingSession next = await repository.OpenWritingSessionAsync(LeaseKind.Backup, default);
        Assert.Equal(
            new HashSet<string> { FileNames.SignOfLife(atWork.Id, 1), "signs/what-is-this" },
            [.. sample.NamesIn("signs/").Select(name => name.Path)]);
    }

    private static SessionId SessionOf(byte value) => new([value, .. new byte[15]]);

    private async Task<(SampleRepository Sample, BackupRepository Repository)> MakeAsync()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        RepositoryEnvironment environment = SampleRepository.NewEnvironment() with { Clock = clock };
        return (sample, await BackupRepository.OpenAsync(sample.Store, environment, default));
    }
}
