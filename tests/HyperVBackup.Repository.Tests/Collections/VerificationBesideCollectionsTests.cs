using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maintenance;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Repository.Tests.Maintenance;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Repository.Tests.Collections;

/// <summary>What a collection deletes is no damage, and what is lost is, whenever one runs.</summary>
public sealed class VerificationBesideCollectionsTests : IAsyncLifetime
{
    private SampleRepository sample = null!;
    private SampleCollector collector = null!;
    private RestorePoint going = null!;
    private RestorePoint staying = null!;

    public async ValueTask InitializeAsync()
    {
        sample = await SampleRepository.CreateAsync();
        collector = new SampleCollector(sample);
        going = await sample.BackUpAsync([1, 2]);
        staying = await sample.BackUpAsync([3], vm: "other");
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task A_fence_that_its_session_takes_away_meanwhile_is_no_lost_point()
    {
        SessionId fenced = new([7, .. new byte[SessionId.SizeBytes - 1]]);
        await collector.FenceAsync(fenced);
        BlobName fence = new(FileNames.RestorePoint(fenced));
        sample.Store.Before = call =>
        {
            if (call == new StoreCall(StoreCallKind.GetLength, FileNames.Lease(fenced)))
            {
                sample.Store.Before = null;
                sample.Store.DeleteAsync(fence, default).Wait();
            }
        };
        Assert.Empty(await VerifyAsync());
        Assert.DoesNotContain(fence, sample.Store.Names);
    }

    [Fact]
    public async Task It_reads_under_a_lease_that_names_no_point_and_takes_it_away()
    {
        List<Lease?> leases = [];
        sample.Store.Before = call =>
        {
            if (leases.Count == 0 && call.Kind == StoreCallKind.List && call.Name == "packs/")
            {
                sample.Store.Before = null;
                foreach (BlobName name in sample.NamesIn("leases/"))
                {
                    Assert.True(SessionId.TryParse(name.Path.AsSpan(FileNames.LeaseFolder.Length), out SessionId id));
                    leases.Add(sample.Repository.Leases.TryReadAsync(id, default).AsTask().GetAwaiter().GetResult());
                }
            }
        };
        Assert.Empty(await VerifyAsync());
        Lease lease = Assert.Single(leases)!;
        Assert.Equal((LeaseKind.Verify, true), (lease.Kind, lease.Point.IsNone));
        Assert.Empty(sample.NamesIn("leases/"));
    }

    /// <summary>Wherever in the verification the collection goes on, by any number of deletes.</summary>
    [Fact]
    public async Task A_collection_that_is_executed_meanwhile_is_no_damage()
    {
        await collector.RetireAsync(1, [going.Id], collector.PacksOf(going.Id));
        SampleRepository whole = sample;
        for (int at = 0, isDone = 0; isDone == 0; at++)
        {
            await UseCopyAsync(whole);
            int count = 0;
            sample.Store.Before = call =>
            {
                if (count++ == at)
                {
                    sample.Store.Before = null;
                    collector.ExecuteAsync(1).GetAwaiter().GetResult();
                }
            };
            Assert.Empty(await VerifyAsync());
            isDone = count <= at ? 1 : 0;
        }
    }

    /// <summary>A collection is open when the verification begins, and a repack has not begun.</summary>
    [Fact]
    public async Task A_repack_and_the_collection_after_it_are_no_damage_wherever_they_fall()
    {
        PackName old = collector.PacksOf(staying.Id).Single(pack => pack.Kind == PackKind.Chunks);
        await collector.CondemnAsync(1, [], [old]);
        SampleRepository whole = sample;
        for (int at = 0, isDone = 0; isDone == 0; at++)
        {
            await UseCopyAsync(whole);
            int count = 0;
            sample.Store.Before = call =>
            {
                if (count++ == at)
                {
                    sample.Store.Before = null;
                    RepackAsync([3]).GetAwaiter().GetResult();
                    collector.DecideAsync(1, [], [old]).GetAwaiter().GetResult();
                    collector.ExecuteAsync(1).GetAwaiter().GetResult();
                }
            };
            Assert.Empty(await VerifyAsync());
            isDone = count <= at ? 1 : 0;
        }
    }

    [Fact]
    public async Task A_lost_pack_is_damage_also_where_a_collection_names_another()
    {
        await collector.RetireAsync(1, [going.Id], collector.PacksOf(going.Id));
        PackName lost = collector.PacksOf(staying.Id).Single(pack => pack.Kind == PackKind.Chunks);
        await sample.Store.DeleteAsync(new BlobName(lost.BlobName), default);
        Damage damage = Assert.Single(await VerifyAsync());
        Assert.Equal([staying.Id], damage.Points);
    }

    /// <summary>What a collection wrongly deletes is damage all the same.</summary>
    [Fact]
    public async Task A_chunk_that_a_point_needs_is_lost_also_where_a_collection_deleted_it()
    {
        await collector.RetireAsync(1, [], collector.PacksOf(staying.Id));
        await collector.ExecuteAsync(1);
        Assert.Contains(await VerifyAsync(), damage => damage.Points.Contains(staying.Id));
    }

    [Fact]
    public async Task A_second_copy_put_after_its_point_was_collected_is_no_damage_and_is_cleaned_up()
    {
        BlobName mirror = new(FileNames.RestorePointMirror(going.Id));
        byte[] copy = sample.Store[mirror];
        await collector.RetireAsync(1, [going.Id], collector.PacksOf(going.Id));
        await collector.ExecuteAsync(1);
        await collector.RetireAsync(2, [], []);
        sample.Store[mirror] = copy;
        Assert.Empty(await VerifyAsync());
        await using (await sample.Repository.OpenWritingSessionAsync(LeaseKind.Backup, default))
        {
            Assert.DoesNotContain(mirror, sample.Store.Names);
        }
    }

    [Fact]
    public async Task A_second_copy_alone_that_no_collection_names_is_damage_and_is_kept()
    {
        await collector.RetireAsync(1, [staying.Id], []);
        await sample.Store.DeleteAsync(new BlobName(FileNames.RestorePoint(going.Id)), default);
        Assert.Contains(await VerifyAsync(), damage => damage.File == FileNames.RestorePoint(going.Id));
        await using (await sample.Repository.OpenWritingSessionAsync(LeaseKind.Backup, default))
        {
            Assert.Contains(new BlobName(FileNames.RestorePointMirror(going.Id)), sample.Store.Names);
        }
    }

    [Fact]
    public async Task Damaged_and_missing_files_of_collections_are_told()
    {
        await collector.RetireAsync(1, [], []);
        await collector.RetireAsync(2, [], []);
        await collector.CondemnAsync(3, [], []);
        Assert.Empty(await VerifyAsync());
        sample.Store[new BlobName(FileNames.Condemned(1))][^1] ^= 1;
        await sample.Store.DeleteAsync(new BlobName(FileNames.Retired(1)), default);
        sample.Store[new BlobName(FileNames.Retired(2))][^1] ^= 1;
        Assert.Equal(
            [FileNames.Condemned(1), FileNames.Retired(1), FileNames.Retired(2)],
            (await VerifyAsync()).Select(damage => damage.File));
    }

    private async Task UseCopyAsync(SampleRepository whole)
    {
        sample = await SampleRepository.CopyOfAsync(whole);
        collector = new SampleCollector(sample);
    }

    private async Task RepackAsync(int[] numbers)
    {
        await using WritingSession session =
            await sample.Repository.OpenWritingSessionAsync(LeaseKind.Repack, default);
        foreach (int number in numbers)
        {
            EncodedRecord encoded = SampleRepository.Encode(number, out byte[] record);
            await session.StoreAsync(new[] { encoded }, record, new RecordPlace[1], default);
        }

        await session.CompleteWithoutPointAsync(default);
    }

    private async Task<IReadOnlyList<Damage>> VerifyAsync()
    {
        VerificationOptions options = new() { ReadDataPercent = 100, WorkerCount = 1 };
        return (await sample.Repository.NewVerification(options).RunAsync(new Silence<VerificationProgress>(), default))
            .Damage;
    }
}
