using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Repository.Tests.Collections;

/// <summary>W1 to W4 while collections are proposed, decided and executed.</summary>
public sealed class SessionsBesideCollectionsTests : IAsyncLifetime
{
    private SampleRepository sample = null!;
    private SampleCollector collector = null!;

    public async ValueTask InitializeAsync()
    {
        sample = await SampleRepository.CreateAsync();
        collector = new SampleCollector(sample);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task The_lease_holds_the_highest_number_seen_before_it()
    {
        await sample.BackUpAsync([1]);
        await collector.RetireAsync(4, [], []);
        OnLease(() => collector.CondemnAsync(5, [], []));
        await using WritingSession session = await OpenAsync();
        Lease? lease = await sample.Repository.Leases.TryReadAsync(session.Id, default);
        Assert.Equal(4, lease!.HighestCollection); // not 5: a collector must wait for this session
    }

    [Theory]
    [InlineData("before", false)]
    [InlineData("with the lease", false)]
    [InlineData("before", true)]
    [InlineData("with the lease", true)]
    public async Task What_a_collection_names_is_no_parent_and_no_hit(string proposed, bool isDecided)
    {
        RestorePoint going = await sample.BackUpAsync([1, 2]);
        RestorePoint staying = await sample.BackUpAsync([3], vm: "other");
        Func<Task> collect = () => isDecided
            ? collector.RetireAsync(1, [going.Id], collector.PacksOf(going.Id))
            : collector.CondemnAsync(1, [going.Id], collector.PacksOf(going.Id));
        if (proposed == "before")
        {
            await collect();
        }
        else
        {
            OnLease(collect);
        }

        await using WritingSession session = await OpenAsync();
        Assert.Equal([staying.Id], session.Points.Select(point => point.Id));
        Assert.Equal([ChunkFate.New, ChunkFate.New, ChunkFate.Stored], await ClassifyAsync(session, [1, 2, 3]));
    }

    [Fact]
    public async Task What_a_collection_condemned_and_then_spared_counts_again()
    {
        RestorePoint first = await sample.BackUpAsync([1]);
        RestorePoint second = await sample.BackUpAsync([2]);
        await collector.CondemnAsync(
            1, [first.Id], [.. collector.PacksOf(first.Id), .. collector.PacksOf(second.Id)]);
        await collector.DecideAsync(1, [first.Id], collector.PacksOf(first.Id));
        await using WritingSession session = await OpenAsync();
        Assert.Equal([second.Id], session.Points.Select(point => point.Id));
        Assert.Equal([ChunkFate.New, ChunkFate.Stored], await ClassifyAsync(session, [1, 2]));
    }

    [Fact]
    public async Task A_hit_in_a_pack_that_is_gone_does_not_count()
    {
        RestorePoint point = await sample.BackUpAsync([1]);
        await using WritingSession session = await OpenAsync();
        PackName chunks = Assert.Single(collector.PacksOf(point.Id), pack => pack.Kind == PackKind.Chunks);
        await sample.Store.DeleteAsync(new BlobName(chunks.BlobName), default);
        Assert.Equal([ChunkFate.New], await ClassifyAsync(session, [1]));
    }

    [Fact]
    public async Task Where_a_chunk_has_a_copy_in_no_condemned_pack_that_one_is_found_whatever_is_listed_first()
    {
        for (int round = 0; round < 8; round++)
        {
            sample = await SampleRepository.CreateAsync();
            collector = new SampleCollector(sample);
            RestorePoint[] points = new RestorePoint[2];
            for (int copy = 0; copy < 2; copy++)
            {
                points[copy] = await sample.BackUpAsync([1], store: StoreAgainAsync);
            }

            Assert.Equal(2, sample.NamesIn("packs/").Count);
            await collector.CondemnAsync(1, [], collector.PacksOf(points[round % 2].Id));
            await using WritingSession session = await (await SampleRepository.OpenAsync(sample.Store))
                .OpenWritingSessionAsync(LeaseKind.Backup, default);
            Assert.Equal([ChunkFate.Stored], await ClassifyAsync(session, [1]));
        }
    }

    [Fact]
    public async Task A_marked_point_is_not_shown_and_may_still_be_a_parent()
    {
        RestorePoint point = await sample.BackUpAsync([1, 2]);
        await collector.MarkAsync(point.Id);
        Assert.Empty(await sample.Repository.ListShownPointsAsync(default));
        await using WritingSession session = await OpenAsync();
        Assert.Equal([point.Id], session.Points.Select(found => found.Id));
    }

    [Fact]
    public async Task A_session_whose_collection_cannot_be_read_does_not_begin()
    {
        await sample.BackUpAsync([1]);
        await collector.CondemnAsync(1, [], []);
        BlobName name = new(FileNames.Condemned(1));
        await sample.Store.DeleteAsync(new BlobName(FileNames.MirrorFolder + name.Path), default);
        foreach (bool isReadable in (bool[])[true, false])
        {
            sample.Store[name][^1] ^= 1;
            sample.Store.Before = call =>
            {
                if (!isReadable && call == new StoreCall(StoreCallKind.Read, name.Path))
                {
                    throw new StoreException("the disk has a bad sector");
                }
            };
            Exception? refusal = await Record.ExceptionAsync(OpenAsync);
            Assert.Equal(isReadable, refusal is RepositoryUnusableException);
            Assert.Equal(!isReadable, refusal is StoreException);
            Assert.Empty(sample.NamesIn("leases/"));
        }
    }

    [Fact]
    public async Task A_fenced_session_takes_its_own_fence_away_after_its_lease()
    {
        CallLog log = new(sample.Store);
        WritingSession session = await OpenAsync();
        RestorePoint point = await sample.WriteAsync(session, [1]);
        await collector.FenceAsync(session.Id);
        await Assert.ThrowsAsync<SessionFencedException>(() => session.CommitAsync(point, default));
        Assert.Single(sample.NamesIn("points/"));
        await session.DisposeAsync();
        Assert.Empty(sample.NamesIn("points/"));
        Assert.Empty(sample.NamesIn("leases/"));
        int leaseGone = log.IndexOf(StoreCallKind.Delete, FileNames.Lease(session.Id));
        Assert.InRange(log.IndexOf(StoreCallKind.Delete, FileNames.RestorePoint(session.Id)), leaseGone, int.MaxValue);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_fence_of_a_session_whose_put_was_never_answered_stays(bool isFencedBefore)
    {
        WritingSession session = await OpenAsync();
        RestorePoint point = await sample.WriteAsync(session, [1]);
        if (isFencedBefore)
        {
            await collector.FenceAsync(session.Id);
        }

        int puts = 0;
        sample.Store.Before = call =>
        {
            if (call == new StoreCall(StoreCallKind.Put, FileNames.RestorePoint(point.Id)) && puts++ == 0)
            {
                throw new StoreException("the answer was lost"); // and the put may still be on its way
            }
        };
        await Assert.ThrowsAnyAsync<Exception>(() => session.CommitAsync(point, default));
        await session.DisposeAsync();
        Assert.Equal(FileHeader.SizeBytes, sample.Store[new BlobName(FileNames.RestorePoint(point.Id))].Length);
        Assert.Empty(sample.NamesIn("leases/"));
    }

    [Fact]
    public async Task Where_the_lease_cannot_be_deleted_the_fence_stays()
    {
        WritingSession session = await OpenAsync();
        RestorePoint point = await sample.WriteAsync(session, [1]);
        await collector.FenceAsync(session.Id);
        sample.Store.Before = call =>
        {
            if (call == new StoreCall(StoreCallKind.Delete, FileNames.Lease(session.Id)))
            {
                throw new StoreException("not now");
            }
        };
        await Assert.ThrowsAsync<SessionFencedException>(() => session.CommitAsync(point, default));
        await session.DisposeAsync();
        Assert.Single(sample.NamesIn("points/"));
        Assert.Single(sample.NamesIn("leases/"));
    }

    [Fact]
    public async Task A_session_without_a_point_ends_decided_and_every_host_finds_what_it_stored()
    {
        await using (WritingSession session = await sample.Repository.OpenWritingSessionAsync(
            LeaseKind.Repack, default))
        {
            await SampleRepository.StoreAsync(session, [1, 2]);
            await session.CompleteWithoutPointAsync(default);
        }

        Assert.Single(sample.NamesIn("points/"));
        Assert.Empty(sample.NamesIn("leases/"));
        Assert.Empty(await sample.Repository.ListPointsAsync(default));
        BackupRepository otherHost = await SampleRepository.OpenAsync(sample.Store);
        await using WritingSession next = await otherHost.OpenWritingSessionAsync(LeaseKind.Backup, default);
        Assert.Equal([ChunkFate.Stored, ChunkFate.Stored, ChunkFate.New], await ClassifyAsync(next, [1, 2, 3]));
    }

    /// <summary>Stores chunks whatever is there already.</summary>
    private static async Task<RecordPlace[]> StoreAgainAsync(WritingSession session, int[] numbers)
    {
        RecordPlace[] places = new RecordPlace[numbers.Length];
        for (int position = 0; position < numbers.Length; position++)
        {
            EncodedRecord encoded = SampleRepository.Encode(numbers[position], out byte[] record);
            await session.StoreAsync(
                new[] { encoded }, record, places.AsMemory(position, 1), default);
        }

        return places;
    }

    private static async Task<ChunkFate[]> ClassifyAsync(WritingSession session, int[] numbers)
    {
        ChunkFate[] fates = new ChunkFate[numbers.Length];
        await session.ClassifyAsync(
            numbers.Select(SampleRepository.IdOf).ToArray(), new RecordPlace[numbers.Length], fates, default);
        return fates;
    }

    /// <summary>Does something the moment a lease stands.</summary>
    private void OnLease(Func<Task> then) => sample.Store.After = call =>
    {
        if (call.Kind == StoreCallKind.Put && call.Name.StartsWith("leases/", StringComparison.Ordinal))
        {
            sample.Store.After = null;
            then().GetAwaiter().GetResult();
        }
    };

    private Task<WritingSession> OpenAsync() =>
        sample.Repository.OpenWritingSessionAsync(LeaseKind.Backup, default);
}
