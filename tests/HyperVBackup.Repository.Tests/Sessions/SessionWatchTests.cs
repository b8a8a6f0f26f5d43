using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Repository.Tests.Collections;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Clocks;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Repository.Tests.Sessions;

public sealed class SessionWatchTests
{
    private readonly ManualClock clock = new();

    [Fact]
    public async Task Each_session_is_shown_with_what_it_does_since_when_and_its_last_sign_of_life()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        RestorePoint point = await sample.BackUpAsync([1]);
        await new SampleCollector(sample).RetireAsync(1, [], []);
        await using ReadingSession reading = await (await OpenAsync(sample, "one", 5))
            .OpenReadingSessionAsync(LeaseKind.Restore, point.Id, default);
        DateTimeOffset began = clock.GetUtcNow();
        clock.Advance(SessionLimits.SignOfLifeInterval);
        await using WritingSession writing = await (await OpenAsync(sample, "two", 6))
            .OpenWritingSessionAsync(LeaseKind.Synthesize, default);
        BackupRepository third = await OpenAsync(sample, "TWO", 7, isAlive: false);
        List<SessionAtWork> sessions = await third.ListSessionsAsync(default);
        Assert.Equal(2, sessions.Count);
        Lease first = sessions[0].Lease!;
        Assert.Equal((LeaseKind.Restore, point.Id, "one", 5u), (first.Kind, first.Point, first.Host, first.ProcessId));
        Assert.Equal((1, began), (first.HighestCollection, first.Started));
        Assert.Equal(began + SessionLimits.SignOfLifeInterval, sessions[0].LastSign);
        Assert.False(sessions[0].IsProcessGone);
        Assert.Equal((writing.Id, null, true), (sessions[1].Id, sessions[1].LastSign, sessions[1].IsProcessGone));
        Assert.Equal(SessionState.Open, sessions[1].State);
        await new SampleCollector(sample).FenceAsync(writing.Id);
        sample.Store[LeaseFile.NameOf(point.Id)] = [1];
        Dictionary<SessionId, SessionAtWork> after =
            (await third.ListSessionsAsync(default)).ToDictionary(session => session.Id);
        Assert.Equal(SessionState.Fenced, after[writing.Id].State);
        Assert.Equal((SessionState.Committed, null), (after[point.Id].State, after[point.Id].Lease));
    }

    [Fact]
    public async Task Ending_a_session_fences_it_before_its_lease_goes()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        WritingSession session = await (await OpenAsync(sample, "away", 5))
            .OpenWritingSessionAsync(LeaseKind.Backup, default);
        RestorePoint point = await sample.WriteAsync(session, [1]);
        CallLog log = new(sample.Store);
        BackupRepository repository = await OpenAsync(sample, "here", 6);
        Assert.Equal(
            SessionState.Fenced, await repository.EndSessionAsync(session.Id.ToString(), force: false, default));
        int fence = log.IndexOf(StoreCallKind.Put, FileNames.RestorePoint(session.Id));
        Assert.InRange(log.IndexOf(StoreCallKind.Delete, FileNames.Lease(session.Id)), fence, int.MaxValue);
        Assert.Empty(await repository.ListSessionsAsync(default));
        await Assert.ThrowsAsync<SessionFencedException>(() => session.CommitAsync(point, default));
        Assert.Empty(await repository.ListPointsAsync(default));
    }

    [Fact]
    public async Task A_session_that_committed_first_stays_committed()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        RestorePoint point = await sample.BackUpAsync([1]);
        sample.Store[LeaseFile.NameOf(point.Id)] = [1];
        Assert.Equal(
            SessionState.Committed,
            await sample.Repository.EndSessionAsync(point.Id.ToString(), force: false, default));
        Assert.Empty(sample.NamesIn("leases/"));
        Assert.True(await SampleRepository.ReadsRightAsync(sample.Repository, point.Id, [1]));
    }

    [Fact]
    public async Task A_session_whose_process_runs_here_is_ended_by_force_only_and_one_that_is_not_there_never()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        await using WritingSession session = await (await OpenAsync(sample, "here", 5))
            .OpenWritingSessionAsync(LeaseKind.Backup, default);
        BackupRepository repository = await OpenAsync(sample, "HERE", 6);
        string id = session.Id.ToString();
        await Assert.ThrowsAsync<RepositoryUnusableException>(() => repository.EndSessionAsync(id, false, default));
        await Assert.ThrowsAsync<RepositoryUnusableException>(() => repository.EndSessionAsync("", true, default));
        await Assert.ThrowsAsync<RepositoryUnusableException>(
            () => repository.EndSessionAsync(id + "x", true, default));
        Assert.Single(sample.NamesIn("leases/"));
        Assert.Empty(sample.NamesIn("points/"));
        Assert.Equal(SessionState.Fenced, await repository.EndSessionAsync(id[..5], true, default));
    }

    private Task<BackupRepository> OpenAsync(
        SampleRepository sample, string host, uint process, bool isAlive = true) =>
        BackupRepository.OpenAsync(
            sample.Store,
            SampleRepository.NewEnvironment() with
            {
                Clock = clock, HostName = host, ProcessId = process, IsProcessAlive = _ => isAlive,
            },
            default);
}
