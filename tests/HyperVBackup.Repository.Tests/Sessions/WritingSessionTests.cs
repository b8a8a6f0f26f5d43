using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Repository.Tests.Sessions;

/// <summary>Steps W1 to W7 and R1 to R5, as a store sees them; and what stands after every lost answer.</summary>
public sealed class WritingSessionTests
{
    [Fact]
    public async Task The_lease_is_put_before_anything_is_relied_on()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        RestorePoint point = await sample.BackUpAsync([1, 2]);
        CallLog writing = new(sample.Store);
        RestorePoint next = await sample.BackUpAsync([1, 3], point);
        AssertLeaseFirst(writing, writing.Written[0]);
        Assert.Equal(FileNames.Lease(next.Id), writing.Written[0]);

        CallLog reading = new(sample.Store);
        Assert.True(await SampleRepository.ReadsRightAsync(sample.Repository, next.Id, [1, 3]));
        AssertLeaseFirst(reading, Assert.Single(reading.Written));
        Assert.Empty(sample.NamesIn("leases/"));
    }

    [Fact]
    public async Task Collections_are_looked_at_again_after_the_lease()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        await sample.BackUpAsync([1]);
        sample.Store.After = call =>
        {
            if (call is { Kind: StoreCallKind.Put } && call.Name.StartsWith("leases/", StringComparison.Ordinal))
            {
                sample.Store[new BlobName("condemned/1")] = [1]; // a collection began just now
            }
        };
        await Assert.ThrowsAsync<RepositoryUnusableException>(() => sample.BackUpAsync([2]));
        Assert.Empty(sample.NamesIn("leases/"));
    }

    [Fact]
    public async Task Chunk_packs_come_first_then_map_packs_the_point_its_copy_and_the_lease_goes_last()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        CallLog log = new(sample.Store);
        RestorePoint point = await sample.BackUpAsync([1, 2, 0, 3]);
        string session = $"{point.Id.ToString()[..2]}/{point.Id}";
        Assert.Equal(
            [
                FileNames.Lease(point.Id), $"packs/{session}-0", $"maps/{session}-0", $"mirror/maps/{session}-0",
                FileNames.RestorePoint(point.Id), FileNames.RestorePointMirror(point.Id),
            ],
            log.Written);
        Assert.Equal(new StoreCall(StoreCallKind.Delete, FileNames.Lease(point.Id)), log.Calls[^1]);
        Assert.Empty(sample.NamesIn("leases/"));
        Assert.Equal(0, sample.Store.TemporaryCount);
        Assert.True(await SampleRepository.ReadsRightAsync(sample.Repository, point.Id, [1, 2, 0, 3]));
    }

    [Fact]
    public async Task A_session_that_ends_uncommitted_leaves_no_point_and_no_lease_and_never_commits()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        WritingSession session = await sample.Repository.OpenWritingSessionAsync(LeaseKind.Backup, default);
        RestorePoint point = await sample.WriteAsync(session, [1, 2]);
        Assert.Single(sample.NamesIn("leases/"));
        await session.DisposeAsync();
        Assert.Equal([FileNames.RepositoryMirror, FileNames.Repository], sample.Store.Names.Select(name => name.Path));
        Assert.Equal(0, sample.Store.TemporaryCount);
        await Assert.ThrowsAnyAsync<Exception>(() => session.CommitAsync(point, default));
        Assert.Empty(sample.NamesIn("points/"));
    }

    [Fact]
    public async Task A_cancelled_session_publishes_nothing()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        await using (WritingSession session =
            await sample.Repository.OpenWritingSessionAsync(LeaseKind.Backup, default))
        {
            RestorePoint point = await sample.WriteAsync(session, [1]);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(
                () => session.CommitAsync(point, new CancellationToken(canceled: true)));
        }

        Assert.Empty(sample.NamesIn("points/"));
        Assert.Empty(sample.NamesIn("leases/"));
    }

    [Fact]
    public async Task Where_the_repository_is_gone_nothing_is_published()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        await using (WritingSession session =
            await sample.Repository.OpenWritingSessionAsync(LeaseKind.Backup, default))
        {
            RestorePoint point = await sample.WriteAsync(session, [1]);
            await sample.Store.DeleteAsync(new BlobName(FileNames.Repository), default);
            await sample.Store.DeleteAsync(new BlobName(FileNames.RepositoryMirror), default);
            StoreException error =
                await Assert.ThrowsAsync<StoreException>(() => session.CommitAsync(point, default));
            Assert.Contains("is gone; nothing was published", error.Message, StringComparison.Ordinal);
        }

        Assert.Empty(sample.NamesIn("points/"));
    }

    [Fact]
    public async Task A_fenced_session_publishes_nothing_and_says_so()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        await using (WritingSession session =
            await sample.Repository.OpenWritingSessionAsync(LeaseKind.Backup, default))
        {
            RestorePoint point = await sample.WriteAsync(session, [1]);
            await FenceAsync(sample, session.Id);
            await Assert.ThrowsAsync<SessionFencedException>(() => session.CommitAsync(point, default));
        }

        Assert.Empty(await sample.Repository.ListPointsAsync(default));
        Assert.Empty(sample.NamesIn("mirror/points/"));
        Assert.Empty(sample.NamesIn("leases/"));
        RestorePoint again = await sample.BackUpAsync([1]);
        Assert.Single(sample.NamesIn("packs/")); // what the fenced session stored is found
        Assert.True(await SampleRepository.ReadsRightAsync(sample.Repository, again.Id, [1]));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_lost_answer_to_the_commit_is_looked_up_and_the_put_is_never_repeated(bool isStored)
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        WritingSession session = await sample.Repository.OpenWritingSessionAsync(LeaseKind.Backup, default);
        RestorePoint point = await sample.WriteAsync(session, [1, 2]);
        string name = FileNames.RestorePoint(point.Id);
        FailOnce(sample.Store, isStored, StoreCallKind.Put, name);
        Exception? failure = await Record.ExceptionAsync(() => session.CommitAsync(point, default));
        await session.DisposeAsync();
        Assert.Equal(isStored, failure is null);
        Assert.Equal(isStored ? 1 : 0, (await sample.Repository.ListPointsAsync(default)).Count);
        Assert.Equal(isStored ? 1 : 0, sample.NamesIn("mirror/points/").Count);
        Assert.Empty(sample.NamesIn("leases/"));
        Assert.Equal(!isStored, failure is StoreException);
        Assert.Equal(isStored, sample.Store[new BlobName(name)].Length > FileHeader.SizeBytes); // else our own fence
    }

    [Fact]
    public async Task A_lost_answer_after_a_fence_means_fenced()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        await using WritingSession session = await sample.Repository.OpenWritingSessionAsync(LeaseKind.Backup, default);
        RestorePoint point = await sample.WriteAsync(session, [1]);
        await FenceAsync(sample, session.Id);
        FailOnce(sample.Store, isAfter: true, StoreCallKind.Put, FileNames.RestorePoint(point.Id));
        await Assert.ThrowsAsync<SessionFencedException>(() => session.CommitAsync(point, default));
        Assert.Empty(await sample.Repository.ListPointsAsync(default));
    }

    [Fact]
    public async Task A_put_that_finds_its_own_point_has_committed()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        await using WritingSession session = await sample.Repository.OpenWritingSessionAsync(LeaseKind.Backup, default);
        RestorePoint point = await sample.WriteAsync(session, [1]);
        await sample.BackUpAsync([9]); // to have a point's bytes is not enough: they must be this session's
        byte[] file = PointFile(sample, point);
        sample.Store.Before = call =>
        {
            if (call == new StoreCall(StoreCallKind.Put, FileNames.RestorePoint(point.Id)))
            {
                sample.Store[new BlobName(call.Name)] = file; // a mount sent the put twice
            }
        };
        await session.CommitAsync(point, default);
        Assert.Contains(await sample.Repository.ListPointsAsync(default), found => found.Id == point.Id);
    }

    [Fact]
    public async Task Where_the_outcome_cannot_be_learned_the_lease_stays_so_that_a_late_point_is_safe()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        WritingSession session = await sample.Repository.OpenWritingSessionAsync(LeaseKind.Backup, default);
        RestorePoint point = await sample.WriteAsync(session, [1]);
        sample.Store.Before = call =>
        {
            if (call.Name == FileNames.RestorePoint(point.Id))
            {
                throw new StoreException("the wire is cut");
            }
        };
        await Assert.ThrowsAsync<StoreException>(() => session.CommitAsync(point, default));
        await Assert.ThrowsAnyAsync<Exception>(() => session.CommitAsync(point, default)); // sent once
        await session.DisposeAsync();
        Assert.Equal(FileNames.Lease(point.Id), Assert.Single(sample.NamesIn("leases/")).Path);
    }

    [Theory]
    [InlineData(StoreCallKind.Delete, "leases/")]
    [InlineData(StoreCallKind.Put, "mirror/points/")]
    public async Task Once_committed_no_failure_of_what_follows_makes_it_undone(StoreCallKind kind, string prefix)
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        sample.Store.Before = call =>
        {
            if (call.Kind == kind && call.Name.StartsWith(prefix, StringComparison.Ordinal))
            {
                throw new StoreException("full");
            }
        };
        RestorePoint point = await sample.BackUpAsync([1, 2]);
        sample.Store.Before = null;
        Assert.True(await SampleRepository.ReadsRightAsync(sample.Repository, point.Id, [1, 2]));
        await sample.BackUpAsync([3]);
        Assert.Equal(2, sample.NamesIn("mirror/points/").Count); // the next session makes good
        Assert.Empty(sample.NamesIn("leases/"));
    }

    [Fact]
    public async Task A_failure_at_any_call_leaves_all_points_readable_and_the_new_one_whole_or_absent()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        RestorePoint parent = await sample.BackUpAsync([1, 2, 3]);
        for (int failing = 0, isDone = 0; isDone == 0; failing++)
        {
            foreach (bool isAfter in (bool[])[false, true])
            {
                MemoryStore store = sample.Store.Copy();
                int count = 0;
                Action<StoreCall> fail = call =>
                {
                    if (Interlocked.Increment(ref count) == failing + 1)
                    {
                        throw new StoreException($"{call} failed");
                    }
                };
                (store.Before, store.After) = (isAfter ? null : fail, isAfter ? fail : null);
                (SessionId id, bool isReported) = await TryBackUpAsync(sample, store, [1, 4, 3, 5], parent);
                isDone = !isAfter && count <= failing ? 1 : isDone;
                (store.Before, store.After) = (null, null);
                BackupRepository repository = await SampleRepository.OpenAsync(store);
                Assert.True(await SampleRepository.ReadsRightAsync(repository, parent.Id, [1, 2, 3]));
                bool isThere = (await repository.ListPointsAsync(default)).Any(point => point.Id == id);
                Assert.Equal(isReported, isThere);
                Assert.True(!isThere || await SampleRepository.ReadsRightAsync(repository, id, [1, 4, 3, 5]));
            }
        }
    }

    [Fact]
    public async Task A_store_that_cannot_be_written_is_read_without_a_lease()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        RestorePoint point = await sample.BackUpAsync([1, 2]);
        sample.Store.Before = call =>
        {
            if (call.Kind is StoreCallKind.Put or StoreCallKind.Create or StoreCallKind.Delete)
            {
                throw new StoreException("read-only");
            }
        };
        Assert.True(await SampleRepository.ReadsRightAsync(sample.Repository, point.Id, [1, 2]));
    }

    [Fact]
    public async Task Reading_a_point_that_is_gone_leaves_no_lease()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        RestorePoint point = await sample.BackUpAsync([1]);
        await sample.Store.DeleteAsync(new BlobName(FileNames.RestorePoint(point.Id)), default);
        await sample.Store.DeleteAsync(new BlobName(FileNames.RestorePointMirror(point.Id)), default);
        await Assert.ThrowsAsync<RestorePointNotFoundException>(
            () => sample.Repository.OpenReadingSessionAsync(LeaseKind.Restore, point.Id, default));
        Assert.Empty(sample.NamesIn("leases/"));
    }

    private static void AssertLeaseFirst(CallLog log, string lease)
    {
        int leaseAt = log.IndexOf(StoreCallKind.Put, lease);
        Assert.InRange(leaseAt, 0, log.FirstReliance());
        Assert.Contains(log.Calls.Take(leaseAt), call => call == new StoreCall(StoreCallKind.List, "condemned/"));
        Assert.Contains(log.Calls.Skip(leaseAt), call => call == new StoreCall(StoreCallKind.List, "condemned/"));
    }

    private static Task<bool> FenceAsync(SampleRepository sample, SessionId session) =>
        new CommitName(sample.Store, sample.Repository.Id, session).TryFenceAsync(default);

    private static byte[] PointFile(SampleRepository sample, RestorePoint point)
    {
        MemoryStore other = sample.Store.Copy();
        new CommitName(other, sample.Repository.Id, point.Id).CommitAsync(point, default).GetAwaiter().GetResult();
        return other[new BlobName(FileNames.RestorePoint(point.Id))];
    }

    private static void FailOnce(MemoryStore store, bool isAfter, StoreCallKind kind, string name)
    {
        int failed = 0;
        Action<StoreCall> fail = call =>
        {
            if (call == new StoreCall(kind, name) && Interlocked.Exchange(ref failed, 1) == 0)
            {
                throw new StoreException("the answer was lost");
            }
        };
        (store.Before, store.After) = (isAfter ? null : fail, isAfter ? fail : null);
    }

    private static async Task<(SessionId Id, bool IsReported)> TryBackUpAsync(
        SampleRepository sample, MemoryStore store, int[] disk, RestorePoint parent)
    {
        SessionId id = default;
        try
        {
            BackupRepository repository = await SampleRepository.OpenAsync(store);
            await using WritingSession session = await repository.OpenWritingSessionAsync(LeaseKind.Backup, default);
            id = session.Id;
            await session.CommitAsync(await sample.WriteAsync(session, disk, parent), default);
            return (id, true);
        }
        catch (StoreException)
        {
            return (id, false);
        }
    }
}
