using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maintenance;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Repository.Tests.Maintenance.Collect;
using HyperVBackup.Repository.Tests.Maintenance.Repair;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maintenance;

/// <summary>Map packs stand twice; whose second file is missing hangs on one disk's sectors.</summary>
public sealed class SecondCopyTests
{
    [Fact]
    public async Task One_that_is_missing_is_told_and_made_good_also_after_its_point_was_collected()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        RestorePoint old = await sample.BackUpAsync([.. Enumerable.Range(10, 40)]);
        await sample.BackUpAsync([9, .. Enumerable.Range(11, 39)], old);
        await sample.MarkAsync(old);
        await sample.CollectAsync(CollectSample.WithoutRepacking);
        PackName[] packs = [.. sample.Packs(PackKind.Maps)];
        Assert.Contains(packs, pack => pack.Session == old.Id);
        foreach (PackName pack in packs)
        {
            await sample.Store.DeleteAsync(new BlobName(pack.MirrorBlobName), default);
        }

        VerificationReport report = await ByteDamageTests.VerifyAsync(
            await SampleRepository.OpenAsync(sample.Store), new VerificationOptions());
        Assert.Equal(
            packs.Select(pack => pack.MirrorBlobName).Order(), report.Damage.Select(damage => damage.File).Order());
        Assert.NotEmpty((await sample.RepairAsync()).Healed);
        foreach (PackName pack in packs)
        {
            await sample.Store.DeleteAsync(new BlobName(pack.BlobName), default);
        }

        await sample.RequireNothingLostAsync(old);
    }

    /// <summary>A backup that was broken off between the two files: nobody relies on either.</summary>
    [Fact]
    public async Task One_that_was_never_put_is_no_damage()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        await sample.BackUpAsync([1, 2, 3]);
        WritingSession session = await sample.Repository.OpenWritingSessionAsync(LeaseKind.Backup, default);
        RestorePoint point = await sample.WriteAsync(session, [4, 5, 6]);
        sample.Store.Before = call => _ = call.Name == FileNames.RestorePoint(point.Id)
            && call.Kind == StoreCallKind.Put ? throw new StoreException("The store is gone.") : 0;
        await Assert.ThrowsAnyAsync<Exception>(() => session.CommitAsync(point, default));
        sample.Store.Before = null;
        PackName pack = sample.Packs(PackKind.Maps).Single(pack => pack.Session == session.Id);
        await sample.Store.DeleteAsync(new BlobName(pack.MirrorBlobName), default);
        Assert.Empty(await VerifyAsync());
        await session.DisposeAsync();
        foreach (BlobName lease in sample.NamesIn(FileNames.LeaseFolder))
        {
            await sample.Store.DeleteAsync(lease, default);
        }

        Assert.Empty(await VerifyAsync());

        async Task<IReadOnlyList<Damage>> VerifyAsync() => (await ByteDamageTests.VerifyAsync(
            await SampleRepository.OpenAsync(sample.Store), new VerificationOptions())).Damage;
    }
}
