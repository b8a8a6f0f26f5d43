using HyperVBackup.Format;
using HyperVBackup.Format.Notes;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maintenance;
using HyperVBackup.Repository.Notes;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Repository.Tests.Collections;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maintenance.Collect;

/// <summary>A chunk lies in two packs; the one that stays rots, and the other one is condemned.</summary>
public sealed class DamageBesideCollectTests : IAsyncLifetime
{
    private SampleRepository sample = null!;
    private PackName rotten;
    private PackName condemned;
    private DamagedPlace rot;

    public async ValueTask InitializeAsync()
    {
        sample = await SampleRepository.CreateAsync();
        RestorePoint first = await sample.BackUpAsync([1, 2, 3]);
        rotten = sample.Packs(PackKind.Chunks).Single();
        await sample.BackUpAsync([1, 2, 3], vm: "again", store: CollectSample.StoreAgainAsync);
        condemned = sample.Packs(PackKind.Chunks).Single(pack => pack.Session != first.Id);
        PackFile file = (await PackFile.TryOpenAsync(
            sample.Store, sample.Repository.Id, rotten, rotten.BlobName, default))!;
        Assert.True(file.Table.TryFind(SampleRepository.IdOf(2).Value, out PackEntry entry));
        sample.Store[new BlobName(rotten.BlobName)][entry.OffsetBytes + 100] ^= 1;
        rot = DamagedPlace.OfRecord(
            new RecordPlace(rotten, entry.OffsetBytes, entry.LengthBytes), entry.Type, entry.Id);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task What_is_noted_while_a_collector_waits_counts_when_it_decides()
    {
        WritingSession session = await sample.Repository.OpenWritingSessionAsync(LeaseKind.Backup, default);
        await new SampleCollector(sample).CondemnAsync(1, [], [condemned]);
        int looks = 0;
        sample.Store.Before = call =>
        {
            if (call == new StoreCall(StoreCallKind.List, FileNames.SignOfLifeFolder) && ++looks == 3)
            {
                sample.Store.Before = null;
                new DamageNotes(sample.Repository).AddAsync([rot], default).GetAwaiter().GetResult();
                session.DisposeAsync().AsTask().GetAwaiter().GetResult();
            }
        };
        await RequireKeptAsync();
        Assert.Null(sample.Store.Before);
    }

    /// <summary>The collector waits for the verification, and goes on as soon as it gives its lease away.</summary>
    [Fact]
    public async Task What_a_verification_found_that_a_collector_waits_for_is_noted_before_that_goes_on()
    {
        bool isCollecting = false;
        sample.Store.Before = call =>
        {
            if (call == new StoreCall(StoreCallKind.Read, rotten.BlobName))
            {
                sample.Store.Before = null;
                new SampleCollector(sample).CondemnAsync(1, [], [condemned]).GetAwaiter().GetResult();
            }
        };
        sample.Store.After = call =>
        {
            if (call.Kind == StoreCallKind.Delete && !isCollecting
                && call.Name.StartsWith(FileNames.LeaseFolder, StringComparison.Ordinal))
            {
                isCollecting = true;
                RequireKeptAsync().GetAwaiter().GetResult();
            }
        };
        await sample.Repository
            .NewVerification(new VerificationOptions { ReadDataPercent = 100, WorkerCount = 1 })
            .RunAsync(new Silence<VerificationProgress>(), default);
        Assert.True(isCollecting);
    }

    private async Task RequireKeptAsync()
    {
        await sample.CollectAsync(CollectSample.WithoutRepacking);
        Assert.Contains(condemned, sample.Packs(PackKind.Chunks));
        await sample.RequireNothingLostAsync();
    }
}
