using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maintenance.Collect;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maintenance.Collect;

/// <summary>Which packs are rewritten, into what, and what becomes of damage.</summary>
public sealed class RepackTests
{
    [Fact]
    public async Task Mostly_dead_packs_are_rewritten_in_the_newest_points_order_and_not_again()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        RestorePoint first = await sample.BackUpAsync([.. Enumerable.Range(10, 30)]);
        RestorePoint newest = await sample.BackUpAsync(
            [39, 38, 37, .. Enumerable.Range(50, 20), 12, 11, 10, 0, 20, 30], first);
        await sample.MarkAsync(first);
        CollectReport report = await sample.CollectAsync(new CollectOptions());
        await sample.RequireGoodAsync(first);
        Assert.True(report.PacksRepacked >= 1 && report.BytesAfter < report.BytesBefore);
        PackName rewritten = sample.Packs(PackKind.Chunks).Single(pack => PackGeneration.Of(pack) == 1);
        int[] expected = [39, 38, 37, 12, 11, 10, 20, 30];
        Assert.Equal(expected.Select(SampleRepository.IdOf), await ChunksOfAsync(sample, rewritten));
        IReadOnlyList<BlobName> names = sample.Store.Names;
        CollectReport again = await sample.CollectAsync(new CollectOptions());
        Assert.Equal(0, again.PacksRemoved);
        Assert.Equal(names, sample.Store.Names);
        Assert.NotEqual(default, newest.Id);
    }

    [Fact]
    public async Task What_was_rewritten_goes_also_where_all_of_it_has_copies_in_larger_packs()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        await sample.BackUpAsync([.. Enumerable.Range(10, 30)], vm: "large");
        RestorePoint twice = await sample.BackUpAsync(
            [.. Enumerable.Range(10, 10), 60, 61, 62, 63, 64], vm: "twice", store: CollectSample.StoreAgainAsync);
        CollectReport report = await sample.CollectAsync(new CollectOptions());
        Assert.True(report.PacksRepacked > 0);
        Assert.DoesNotContain(sample.Packs(PackKind.Chunks), pack => pack.Session == twice.Id);
        await sample.RequireGoodAsync();
        Assert.Equal(0, (await sample.CollectAsync(new CollectOptions())).PacksRemoved);
    }

    [Fact]
    public async Task Many_small_packs_become_one_of_each_kind()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        RestorePoint? point = null;
        for (int count = 0; count < 9; count++)
        {
            point = await sample.BackUpAsync([.. Enumerable.Range(10, count + 1)], point);
        }

        CollectReport report = await sample.CollectAsync(new CollectOptions { DeadPercentMax = 100 });
        Assert.Equal(18, report.PacksRepacked);
        Assert.Single(sample.Packs(PackKind.Chunks));
        Assert.Single(sample.Packs(PackKind.Maps));
        await sample.RequireGoodAsync();
        await sample.BackUpAsync([.. Enumerable.Range(10, 12)], point);
        Assert.Equal(0, (await sample.CollectAsync(new CollectOptions { DeadPercentMax = 100 })).PacksRemoved);
        await sample.RequireGoodAsync();
    }

    [Fact]
    public async Task A_damaged_record_is_left_where_it_is_and_told()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        RestorePoint first = await sample.BackUpAsync([.. Enumerable.Range(10, 20)]);
        await sample.BackUpAsync([10, 11, 12], first);
        await sample.MarkAsync(first);
        PackName pack = sample.Packs(PackKind.Chunks).Single();
        PackFile file = (await PackFile.TryOpenAsync(
            sample.Store, sample.Repository.Id, pack, pack.BlobName, default))!;
        Assert.True(file.Table.TryFind(SampleRepository.IdOf(11).Value, out PackEntry entry));
        sample.Store[new BlobName(pack.BlobName)][entry.OffsetBytes + 80] ^= 1;
        List<string> warnings = [];
        await sample.CollectAsync(
            new CollectOptions(), CollectSample.NewEnvironment() with { Warn = warnings.Add });
        Assert.Contains(warnings, warning => warning.Contains("is damaged", StringComparison.Ordinal));
        Assert.Contains(pack, sample.Packs(PackKind.Chunks));
        Assert.Equal(2, sample.Packs(PackKind.Chunks).Count);
    }

    [Fact]
    public async Task A_repack_ends_decided_and_leaves_no_lease()
    {
        CollectSituation situation = await CollectSituation.MakeAsync();
        await situation.Sample.CollectAsync(new CollectOptions { SmallPackCountMin = 3 });
        Assert.Empty(situation.Sample.NamesIn(FileNames.LeaseFolder));
        HashSet<SessionId> rewriting = [.. situation.Sample.Packs(PackKind.Chunks)
            .Where(pack => PackGeneration.Of(pack) > 0).Select(pack => pack.Session)];
        Assert.Contains(
            new BlobName(FileNames.RestorePoint(rewriting.Single())),
            situation.Sample.NamesIn(FileNames.RestorePointFolder));
        await situation.RequireGoodAsync();
    }

    /// <summary>As on a full disk: room for packs comes when the first one is deleted, or never.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_nothing_needs_goes_also_where_there_is_no_room_to_rewrite_packs(bool isRoomMade)
    {
        (SampleRepository sample, RestorePoint[] pruned) = await MakeDeadAndMostlyDeadAsync();
        bool isFull = true;
        sample.Store.Before = call =>
        {
            isFull &= !isRoomMade || call.Kind != StoreCallKind.Delete || !PackName.TryParse(call.Name, out _);
            if (isFull && call.Kind == StoreCallKind.Publish)
            {
                throw new StoreException("No space is left.");
            }
        };
        if (isRoomMade)
        {
            Assert.True((await sample.CollectAsync(new CollectOptions())).PacksRepacked > 0);
        }
        else
        {
            StoreException failure = await Assert.ThrowsAsync<StoreException>(
                () => sample.CollectAsync(new CollectOptions()));
            Assert.Contains("cannot be rewritten: No space is left", failure.Message, StringComparison.Ordinal);
        }

        sample.Store.Before = null;
        Assert.DoesNotContain(sample.Packs(PackKind.Chunks), pack => pack.Session == pruned[0].Id);
        Assert.Equal(!isRoomMade, sample.Packs(PackKind.Chunks).Any(pack => pack.Session == pruned[1].Id));
        Assert.Empty(sample.NamesIn(FileNames.LeaseFolder));
        await sample.RequireGoodAsync(pruned);
    }

    [Fact]
    public async Task A_collector_whose_repack_failed_and_left_a_lease_does_not_wait_for_itself()
    {
        (SampleRepository sample, RestorePoint[] pruned) = await MakeDeadAndMostlyDeadAsync();
        List<string> put = [];
        sample.Store.Before = call =>
        {
            if (call.Kind == StoreCallKind.Publish || (call.Kind == StoreCallKind.Delete
                && call.Name.StartsWith(FileNames.LeaseFolder, StringComparison.Ordinal)))
            {
                throw new StoreException("The store is read-only.");
            }

            put.AddRange(call.Kind == StoreCallKind.Put ? [call.Name] : []);
        };
        await Assert.ThrowsAsync<StoreException>(() => sample.CollectAsync(new CollectOptions()));
        sample.Store.Before = null;
        Assert.DoesNotContain(FileNames.Condemned(1), put);
        await sample.RequireNothingLostAsync(pruned);
    }

    [Fact]
    public async Task What_was_moved_is_found_without_searching_all_packs_for_each_chunk()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        RestorePoint? point = null;
        for (int count = 0; count < 9; count++)
        {
            point = await sample.BackUpAsync([.. Enumerable.Range(10, (count * 4) + 1)], point);
        }

        await sample.CollectAsync(new CollectOptions { DeadPercentMax = 100 });
        BackupRepository reader = await SampleRepository.OpenAsync(sample.Store);
        int listings = 0;
        sample.Store.Before = call =>
            listings += call.Kind == StoreCallKind.List && !call.Name.StartsWith(
                FileNames.RestorePointFolder, StringComparison.Ordinal) ? 1 : 0;
        Assert.True(await SampleRepository.ReadsRightAsync(reader, point!.Id, sample.Disks[point.Id]));
        sample.Store.Before = null;
        Assert.InRange(listings, 1, 12);
    }

    /// <returns>And the points of it that are pruned: of the first nothing is needed, of the second a little.</returns>
    private static async Task<(SampleRepository Sample, RestorePoint[] Pruned)> MakeDeadAndMostlyDeadAsync()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        RestorePoint dead = await sample.BackUpAsync([.. Enumerable.Range(100, 20)], vm: "dead");
        RestorePoint poor = await sample.BackUpAsync([.. Enumerable.Range(10, 30)]);
        await sample.BackUpAsync([39, 38, 12], poor);
        await sample.MarkAsync(dead);
        await sample.MarkAsync(poor);
        return (sample, [dead, poor]);
    }

    /// <summary>The chunks of a pack, in the order in which they lie.</summary>
    private static async Task<List<ChunkId>> ChunksOfAsync(SampleRepository sample, PackName pack)
    {
        PackFile file = (await PackFile.TryOpenAsync(
            sample.Store, sample.Repository.Id, pack, pack.BlobName, default))!;
        return [.. Enumerable.Range(0, file.Table.Count).Select(index => file.Table[index])
            .OrderBy(entry => entry.OffsetBytes).Select(entry => new ChunkId(entry.Id))];
    }
}
