using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Repository.Tests.Collections;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Repository.Tests.Sessions;

public sealed class AbandonedSessionsTests
{
    private const uint DeadProcess = 666;

    [Fact]
    public async Task A_dead_session_of_this_host_is_fenced_and_what_it_stored_is_found()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        WritingSession dead = await DieAsync(sample, "host", DeadProcess);
        string[] packs = [.. sample.NamesIn("packs/").Select(name => name.Path)];
        Assert.Equal(1, sample.Store.TemporaryCount);
        BackupRepository next = await OpenAsync(sample.Store);
        await using (WritingSession session = await next.OpenWritingSessionAsync(LeaseKind.Backup, default))
        {
            Assert.Equal(FileHeader.SizeBytes, sample.Store[new BlobName(FileNames.RestorePoint(dead.Id))].Length);
            Assert.Equal(FileNames.Lease(session.Id), Assert.Single(sample.NamesIn("leases/")).Path);
            Assert.Equal(0, sample.Store.TemporaryCount);
            Assert.Equal([ChunkFate.Stored, ChunkFate.Stored, ChunkFate.New], await ClassifyAsync(session, [1, 2, 3]));
        }

        Assert.Equal(packs, sample.NamesIn("packs/").Select(name => name.Path));
        RestorePoint late = await sample.WriteAsync(dead, []);
        await Assert.ThrowsAnyAsync<Exception>(() => dead.CommitAsync(late, default)); // it wakes: too late
        Assert.Empty(await next.ListPointsAsync(default));
    }

    [Theory]
    [InlineData("host", 5u)]
    [InlineData("other", DeadProcess)]
    [InlineData("", DeadProcess)]
    public async Task A_session_that_may_be_alive_is_left_alone(string host, uint process)
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        WritingSession alive = await DieAsync(sample, host, process);
        BackupRepository next = await OpenAsync(sample.Store, host.Length == 0 ? "" : "host");
        await (await next.OpenWritingSessionAsync(LeaseKind.Backup, default)).DisposeAsync();
        Assert.Equal(FileNames.Lease(alive.Id), Assert.Single(sample.NamesIn("leases/")).Path);
        Assert.Equal(1, sample.Store.TemporaryCount);
        RestorePoint point = await sample.WriteAsync(alive, [1, 5]);
        await alive.CommitAsync(point, default);
        Assert.True(await SampleRepository.ReadsRightAsync(next, point.Id, [1, 5]));
    }

    [Fact]
    public async Task The_lease_of_a_decided_session_is_removed_whoever_it_is()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        RestorePoint point = await sample.BackUpAsync([1]);
        sample.Store[LeaseFile.NameOf(point.Id)] = [1, 2, 3];
        await sample.BackUpAsync([2]);
        Assert.Empty(sample.NamesIn("leases/"));
        Assert.True(await SampleRepository.ReadsRightAsync(sample.Repository, point.Id, [1]));
    }

    [Fact]
    public async Task A_session_that_ended_between_the_two_copies_of_its_point_gets_the_second_with_its_lease_gone()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        RestorePoint point = await sample.BackUpAsync([1]);
        BlobName mirror = new(FileNames.RestorePointMirror(point.Id));
        byte[] copy = sample.Store[mirror];
        await sample.Store.DeleteAsync(mirror, TestContext.Current.CancellationToken);
        sample.Store[LeaseFile.NameOf(point.Id)] = [1, 2, 3];
        AbandonedSessions abandoned = new(
            sample.Store, sample.Repository.Id, sample.Repository.Leases, SampleRepository.NewEnvironment());
        await abandoned.CleanAsync(new HashSet<SessionId> { point.Id }, TestContext.Current.CancellationToken);
        Assert.Equal(copy, sample.Store[mirror]);
        Assert.Empty(sample.NamesIn("leases/"));
    }

    [Fact]
    public async Task A_lease_that_cannot_be_read_is_left_to_a_collector()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        WritingSession dead = await DieAsync(sample, "host", DeadProcess);
        sample.Store[LeaseFile.NameOf(dead.Id)][200] ^= 1;
        await (await (await OpenAsync(sample.Store)).OpenWritingSessionAsync(LeaseKind.Backup, default)).DisposeAsync();
        Assert.Single(sample.NamesIn("leases/"));
        Assert.Empty(sample.NamesIn("points/"));
    }

    [Fact]
    public async Task A_dead_restore_is_fenced_too()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        RestorePoint point = await sample.BackUpAsync([1]);
        BackupRepository dying = await OpenAsync(sample.Store, "host", DeadProcess);
        _ = await dying.OpenReadingSessionAsync(LeaseKind.Restore, point.Id, default);
        Assert.Single(sample.NamesIn("leases/"));
        BackupRepository next = await OpenAsync(sample.Store);
        await (await next.OpenWritingSessionAsync(LeaseKind.Backup, default)).DisposeAsync();
        Assert.Empty(sample.NamesIn("leases/"));
        Assert.True(await SampleRepository.ReadsRightAsync(next, point.Id, [1]));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Cleaning_up_takes_nothing_from_a_session_that_begins_meanwhile(int beginsAtCall)
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        WritingSession? beginner = null;
        RestorePoint? point = null;
        int callCount = 0;
        sample.Store.Before = call =>
        {
            // Before temporary files are listed, or when the leases have been and the files are about to go.
            if (call.Kind == StoreCallKind.DeleteTemporaries && ++callCount == beginsAtCall)
            {
                beginner =
                    sample.Repository.OpenWritingSessionAsync(LeaseKind.Backup, default).GetAwaiter().GetResult();
                point = sample.WriteAsync(beginner, [1, 2]).GetAwaiter().GetResult();
            }
        };
        WritingSession cleaner = await sample.Repository.OpenWritingSessionAsync(LeaseKind.Backup, default);
        await cleaner.DisposeAsync();
        await beginner!.CommitAsync(point!, default);
        Assert.True(await SampleRepository.ReadsRightAsync(sample.Repository, point!.Id, [1, 2]));
    }

    [Fact]
    public async Task A_mark_whose_point_is_gone_is_removed_and_no_other()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        RestorePoint point = await sample.BackUpAsync([1]);
        RestorePoint gone = await sample.BackUpAsync([2]);
        SampleCollector collector = new(sample);
        await collector.MarkAsync(point.Id);
        await collector.MarkAsync(gone.Id);
        await sample.Store.DeleteAsync(new BlobName(FileNames.RestorePointMirror(gone.Id)), default);
        await sample.Store.DeleteAsync(new BlobName(FileNames.RestorePoint(gone.Id)), default);
        WritingSession? late = null;
        sample.Store.Before = call =>
        {
            // After the decided sessions were listed, another one commits and is marked at once.
            if (call == new StoreCall(StoreCallKind.List, "signs/"))
            {
                sample.Store.Before = null;
                late = sample.Repository.OpenWritingSessionAsync(LeaseKind.Backup, default).GetAwaiter().GetResult();
                RestorePoint written = sample.WriteAsync(late, [3]).GetAwaiter().GetResult();
                late.CommitAsync(written, default).GetAwaiter().GetResult();
                collector.MarkAsync(late.Id).GetAwaiter().GetResult();
            }
        };
        await using (await sample.Repository.OpenWritingSessionAsync(LeaseKind.Backup, default))
        {
            Assert.Equal(
                ((string[])[FileNames.PruneMark(point.Id), FileNames.PruneMark(late!.Id)]).Order(),
                sample.NamesIn("pruned/").Select(name => name.Path).Order());
        }
    }

    [Theory]
    [InlineData("pruned/x")]
    [InlineData("pins/x")]
    [InlineData("condemned/1")]
    [InlineData("retired/1")]
    public async Task A_temporary_file_put_without_a_lease_is_removed_only_once_its_name_is_taken(string name)
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        BlobName blob = new(name);
        await using IBlobWriter writer = await sample.Store.CreateAsync(blob, default);
        await (await sample.Repository.OpenWritingSessionAsync(LeaseKind.Backup, default)).DisposeAsync();
        Assert.Equal(1, sample.Store.TemporaryCount);
        sample.Store.Before = call =>
        {
            if (call == new StoreCall(StoreCallKind.List, "signs/"))
            {
                sample.Store[blob] = [];
            }

            if (call.Kind == StoreCallKind.GetLength && call.Name == name)
            {
                Assert.Equal(1, sample.Store.TemporaryCount); // asked before anything is removed
            }
        };
        await (await sample.Repository.OpenWritingSessionAsync(LeaseKind.Backup, default)).DisposeAsync();
        Assert.Equal(0, sample.Store.TemporaryCount);
    }

    [Theory]
    [InlineData("leases/x")]
    [InlineData("pruned/x")]
    [InlineData("pins/x")]
    [InlineData("condemned/1")]
    public async Task A_temporary_file_put_without_a_lease_is_removed_a_day_after_by_the_stores_own_clock(string name)
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        sample.Store.Time = new DateTimeOffset(2026, 5, 4, 3, 2, 1, TimeSpan.Zero);
        await using IBlobWriter writer = await sample.Store.CreateAsync(new BlobName(name), default);
        foreach ((double hours, int left) in ((double, int)[])[(0, 1), (23.9, 1), (0.2, 0)])
        {
            sample.Store.Time += TimeSpan.FromHours(hours);
            await (await sample.Repository.OpenWritingSessionAsync(LeaseKind.Backup, default)).DisposeAsync();
            Assert.Equal(left, sample.Store.TemporaryCount);
        }
    }

    [Fact]
    public async Task A_session_whose_lease_is_taken_for_old_while_it_is_put_begins_under_another_id()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        sample.Store.Time = new DateTimeOffset(2026, 5, 4, 3, 2, 1, TimeSpan.Zero);
        bool isTaken = false;
        sample.Store.Before = call =>
        {
            if (call.Kind == StoreCallKind.Put && call.Name.StartsWith("leases/", StringComparison.Ordinal) && !isTaken)
            {
                isTaken = true;
                throw new StoreException("Cannot rename: the temporary file is gone.");
            }
        };
        await using WritingSession session =
            await sample.Repository.OpenWritingSessionAsync(LeaseKind.Backup, default);
        Assert.True(isTaken);
        Assert.Equal($"leases/{session.Id}", Assert.Single(sample.NamesIn("leases/")).Path);
    }

    [Fact]
    public async Task The_temporary_file_of_a_lease_being_put_is_never_removed()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        await using IBlobWriter lease = await sample.Store.CreateAsync(new BlobName("leases/x"), default);
        await using IBlobWriter pack = await sample.Store.CreateAsync(new BlobName("packs/aa/x-0"), default);
        await (await sample.Repository.OpenWritingSessionAsync(LeaseKind.Backup, default)).DisposeAsync();
        Assert.True(await lease.TryPublishAsync(default));
        Assert.Equal(0, sample.Store.TemporaryCount); // the pack's has no lease
        await Assert.ThrowsAsync<StoreException>(() => pack.TryPublishAsync(default));
    }

    [Fact]
    public async Task Eight_sessions_at_once_after_a_crash_all_begin_and_all_commit()
    {
        for (int round = 0; round < 10; round++)
        {
            SampleRepository sample = await SampleRepository.CreateAsync();
            await DieAsync(sample, "host", DeadProcess);
            bool[] done = await Task.WhenAll(Enumerable.Range(0, 8).Select(number => Task.Run(async () =>
            {
                BackupRepository repository = await OpenAsync(sample.Store);
                await using WritingSession session =
                    await repository.OpenWritingSessionAsync(LeaseKind.Backup, default);
                int[] disk = [1, 2, number + 10];
                RestorePoint point = await sample.WriteAsync(session, disk, vm: $"vm{number}");
                await session.CommitAsync(point, default);
                return await SampleRepository.ReadsRightAsync(repository, point.Id, disk);
            })));
            Assert.DoesNotContain(false, done);
            Assert.Equal(8, (await sample.Repository.ListPointsAsync(default)).Count);
            Assert.Empty(sample.NamesIn("leases/"));
        }
    }

    /// <summary>A session that published chunks 1 and 2, has a pack open, and is heard of no more.</summary>
    private static async Task<WritingSession> DieAsync(SampleRepository sample, string host, uint process)
    {
        BackupRepository repository = await OpenAsync(sample.Store, host, process);
        WritingSession session = await repository.OpenWritingSessionAsync(LeaseKind.Backup, default);
        await SampleRepository.StoreAsync(session, [1, 2]);
        await session.FlushAsync(default);
        await SampleRepository.StoreAsync(session, [7]);
        return session;
    }

    private static Task<BackupRepository> OpenAsync(MemoryStore store, string host = "host", uint process = 7) =>
        BackupRepository.OpenAsync(
            store,
            SampleRepository.NewEnvironment() with
            {
                HostName = host,
                ProcessId = process,
                IsProcessAlive = asked => asked != DeadProcess,
            },
            default);

    private static async Task<ChunkFate[]> ClassifyAsync(WritingSession session, int[] numbers)
    {
        ChunkFate[] fates = new ChunkFate[numbers.Length];
        RecordPlace[] places = new RecordPlace[numbers.Length];
        await session.ClassifyAsync(numbers.Select(SampleRepository.IdOf).ToArray(), places, fates, default);
        return fates;
    }
}
