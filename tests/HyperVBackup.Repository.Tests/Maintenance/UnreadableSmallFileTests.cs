using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maintenance;
using HyperVBackup.Repository.Maintenance.Collect;
using HyperVBackup.Repository.Maintenance.Repair;
using HyperVBackup.Repository.Pins;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Repository.Tests.Maintenance.Collect;
using HyperVBackup.Repository.Tests.Maintenance.Repair;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maintenance;

/// <summary>A sector under a small file cannot be read any more: the store says so with an error, each time.</summary>
public sealed class UnreadableSmallFileTests
{
    [Fact]
    public async Task It_is_told_by_verify_and_stops_neither_that_nor_statistics_nor_restores()
    {
        SampleRepository sample = await RotSample.CreateAsync();
        BlobName[] files = [.. sample.Store.Names.Where(name => !IsPack(name.Path))];
        Assert.True(files.Length > 15);
        foreach (BlobName file in files)
        {
            MemoryStore store = sample.Store.Copy();
            store.Before = call => Fail(call.Kind == StoreCallKind.Read && call.Name == file.Path);
            BackupRepository repository = await SampleRepository.OpenAsync(store);
            VerificationReport report = await ByteDamageTests.VerifyAsync(repository, new VerificationOptions());
            Assert.Contains(report.Damage, damage => damage.File == file.Path);
            await repository.MeasureAsync(default);
            foreach ((SessionId point, int[] disk) in sample.Disks)
            {
                Assert.True(await SampleRepository.ReadsRightAsync(repository, point, disk), file.Path);
            }
        }
    }

    [Theory]
    [InlineData("retired/1")]
    [InlineData("condemned/1")]
    public async Task A_collection_that_cannot_be_read_in_either_copy_keeps_no_restore_from_trying(string name)
    {
        SampleRepository sample = await RotSample.CreateAsync();
        if (name == "condemned/1")
        {
            await sample.Store.DeleteAsync(new BlobName("retired/1"), default);
        }

        sample.Store.Before = call => Fail(
            call.Kind == StoreCallKind.Read && call.Name.EndsWith(name, StringComparison.Ordinal));
        BackupRepository repository = await SampleRepository.OpenAsync(sample.Store);
        foreach ((SessionId point, int[] disk) in sample.Disks)
        {
            Assert.True(await SampleRepository.ReadsRightAsync(repository, point, disk));
        }

        BlobName lost = new(FileNames.RestorePoint(sample.Disks.Keys.First()));
        await sample.Store.DeleteAsync(lost, default); // was it collected?
        VerificationReport report = await ByteDamageTests.VerifyAsync(repository, new VerificationOptions());
        Assert.Contains(report.Damage, damage => damage.File == lost.Path);
        Assert.Equal(2, report.Damage.Count(damage => damage.File.EndsWith(name, StringComparison.Ordinal)));
        await Assert.ThrowsAsync<StoreException>(
            () => repository.OpenWritingSessionAsync(LeaseKind.Backup, default));
    }

    [Theory]
    [InlineData("retired/1")]
    [InlineData("mirror/retired/1")]
    [InlineData("condemned/1")]
    [InlineData("mirror/condemned/1")]
    public async Task Repair_mends_a_file_of_a_collection_from_its_other_copy(string name)
    {
        SampleRepository sample = await RotSample.CreateAsync();
        bool isMended = false;
        sample.Store.Before = call =>
        {
            isMended |= call.Kind == StoreCallKind.Mend && call.Name == name;
            Fail(call.Kind == StoreCallKind.Read && call.Name == name && !isMended);
        };
        RepairReport report = await sample.RepairAsync();
        Assert.Contains(report.Healed, healed => healed.File == name && healed.IsMended);
        Assert.DoesNotContain(report.Left, damage => damage.File == name);
    }

    [Theory]
    [InlineData("leases/")]
    [InlineData("signs/")]
    public async Task What_cannot_be_read_of_a_session_stops_neither_backups_nor_collections_and_it_can_be_ended(
        string folder)
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        RestorePoint old = await sample.BackUpAsync([1, 2]);
        await sample.BackUpAsync([2, 3], old);
        WritingSession dead = await sample.Repository.OpenWritingSessionAsync(LeaseKind.Backup, default);
        SignFiles signs = new(sample.Store, sample.Repository.Id);
        await signs.PutAsync(dead.Id, new SignOfLife(1, DateTimeOffset.UnixEpoch), default);
        sample.Store.Before = call => Fail(
            call.Kind == StoreCallKind.Read && call.Name.StartsWith(folder + dead.Id, StringComparison.Ordinal));
        await sample.BackUpAsync([4], vm: "other");
        SessionWatch watch = new(sample.Repository, CollectSample.NewEnvironment());
        Assert.Equal(dead.Id, Assert.Single(await watch.ListAsync(default)).Id);
        await sample.MarkAsync(old);
        CollectReport report = await sample.CollectAsync(CollectSample.WithoutRepacking);
        Assert.Equal([dead.Id], report.SessionsFenced);
        WritingSession next = await sample.Repository.OpenWritingSessionAsync(LeaseKind.Backup, default);
        folder += next.Id;
        sample.Store.Before = call => Fail(
            call.Kind == StoreCallKind.Read && call.Name.StartsWith(folder, StringComparison.Ordinal));
        Assert.Equal(SessionState.Fenced, await watch.EndAsync(next.Id.ToString(), force: true, default));
        sample.Store.Before = null;
        await sample.RequireGoodAsync(old);
    }

    [Fact]
    public async Task A_pin_that_cannot_be_read_holds()
    {
        SampleRepository sample = await RotSample.CreateAsync(); // whose points are all marked and pinned
        foreach (BlobName lease in sample.NamesIn("leases/").Concat(sample.NamesIn("signs/")))
        {
            await sample.Store.DeleteAsync(lease, default);
        }

        sample.Store.Before = call => Fail(
            call.Kind == StoreCallKind.Read && call.Name.StartsWith("pins/", StringComparison.Ordinal));
        await sample.CollectAsync(CollectSample.WithoutRepacking);
        PointPins pins = new(sample.Repository);
        await Assert.ThrowsAsync<PinRefusedException>(
            () => pins.RemoveAsync(sample.Disks.Keys.First(), force: true, default)); // it may be immutable
        sample.Store.Before = null;
        Assert.Equal(2, sample.NamesIn("pins/").Count);
        await sample.RequireNothingLostAsync();
    }

    private static bool IsPack(string name) =>
        name.StartsWith("packs/", StringComparison.Ordinal) || name.Contains("maps/", StringComparison.Ordinal);

    private static void Fail(bool isFailing) =>
        _ = isFailing ? throw new StoreException("Input/output error") : 0;
}
