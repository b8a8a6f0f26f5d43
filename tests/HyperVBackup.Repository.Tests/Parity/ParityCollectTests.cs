using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maintenance;
using HyperVBackup.Repository.Maintenance.Collect;
using HyperVBackup.Repository.Parity;
using HyperVBackup.Repository.Tests.Maintenance;
using HyperVBackup.Repository.Tests.Maintenance.Collect;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Repository.Tests.Parity;

public sealed class ParityCollectTests
{
    [Fact]
    public async Task The_parity_of_packs_that_go_goes_with_them_and_rewritten_packs_have_their_own()
    {
        SampleRepository sample = await SampleRepository.CreateAsync(parityPercent: 20);
        RestorePoint first = await sample.BackUpAsync([1, 2, 3, 4]);
        await sample.BackUpAsync([1, 5, 6, 7], first);
        RestorePoint gone = await sample.BackUpAsync([8, 9], vm: "gone");
        Assert.Equal(3, sample.NamesIn(FileNames.ParityFolder).Count);
        await sample.MarkAsync(gone);
        CollectReport report = await sample.CollectAsync(CollectSample.WithoutRepacking);
        await sample.RequireGoodAsync(gone);
        Assert.Equal(2, report.PacksRemoved);
        Assert.Equal(2, sample.NamesIn(FileNames.ParityFolder).Count);
        await sample.MarkAsync(first);
        await sample.CollectAsync(new CollectOptions { DeadPercentMax = 0, SmallPackCountMin = 2 });
        await sample.RequireGoodAsync(first, gone);
        BlobName parity = Assert.Single(sample.NamesIn(FileNames.ParityFolder));
        Assert.Equal(
            Assert.Single(sample.Packs(PackKind.Chunks)).Session, ParitySample.NameOf(parity).Session);
    }

    [Fact]
    public async Task Packs_of_a_group_go_together_and_with_their_parity_file()
    {
        ParitySample packs = await ParitySample.MakeAsync(chunkCount: 6, 16384, packTargetBytes: 30_000, percent: 20);
        PackName[] names = [.. packs.PackBlobs.Select(ParitySample.NameOf)];
        PackName other = new(PackKind.Chunks, new SessionId("some other one.."u8), 0);
        ParityGroups groups = await ReadAsync(packs, [.. names, other]);
        Assert.Empty(groups.Garbage);
        Assert.Equal([other], groups.WholeOnly([.. names[1..], other]));
        Assert.True(groups.WholeOnly([.. names, other]).SetEquals([.. names, other]));
        Assert.Equal([ParitySample.NameOf(packs.ParityBlob)], groups.FilesOf(names.ToHashSet()));
        Assert.Empty(groups.FilesOf(names[1..].ToHashSet()));
        PackSet set = new([names[0], other, .. names[1..]]);
        Assert.Equal([1, names.Length], groups.UnitsOf(set).Select(unit => unit.Count).Order());
    }

    [Fact]
    public async Task A_group_that_merely_lost_a_pack_keeps_its_parity_file()
    {
        ParitySample packs = await ParitySample.MakeAsync(chunkCount: 6, 16384, packTargetBytes: 30_000, percent: 20);
        PackName[] left = [.. packs.PackBlobs.Skip(1).Select(ParitySample.NameOf)];
        ParityGroups groups = await ReadAsync(packs, left);
        Assert.Empty(groups.Garbage);
        Assert.Empty(groups.WholeOnly(left[1..]));
    }

    [Fact]
    public async Task A_parity_file_that_says_nothing_any_more_is_collected_and_made_anew()
    {
        SampleRepository sample = await SampleRepository.CreateAsync(parityPercent: 20);
        await sample.BackUpAsync([1, 2, 3, 4]);
        BlobName parity = Assert.Single(sample.NamesIn(FileNames.ParityFolder));
        byte[] content = sample.Store[parity];
        content[100] ^= 1;
        await sample.CollectAsync(CollectSample.WithoutRepacking);
        Assert.Contains(parity, sample.Store.Names); // its other head is good

        content[^100] ^= 1;
        sample.Store.Before = call => _ = call.Name == parity.Path && call.Kind == StoreCallKind.Read
            ? throw new StoreException("It is away.")
            : 0;
        await sample.CollectAsync(CollectSample.WithoutRepacking);
        sample.Store.Before = null;
        Assert.Contains(parity, sample.Store.Names); // it may be good

        await sample.CollectAsync(CollectSample.WithoutRepacking);
        Assert.DoesNotContain(parity, sample.Store.Names);
        await sample.RequireGoodAsync();
        ProtectReport report = await (await SampleRepository.OpenAsync(sample.Store))
            .NewProtection(new ProtectOptions { ParityPercent = 20 })
            .RunAsync(new Silence<ProtectProgress>(), default);
        Assert.Equal(1, report.ParityFileCount);
        await sample.RequireGoodAsync();
    }

    [Fact]
    public async Task A_pack_that_is_missing_and_that_only_parity_names_is_told()
    {
        SampleRepository sample = await SampleRepository.CreateAsync(parityPercent: 20);
        await sample.BackUpAsync([1, 2]);
        RestorePoint gone = await sample.BackUpAsync([3, 4], vm: "gone");
        await sample.MarkAsync(gone);
        await sample.Store.DeleteAsync(new BlobName(FileNames.RestorePoint(gone.Id)), default);
        await sample.Store.DeleteAsync(new BlobName(FileNames.RestorePointMirror(gone.Id)), default);
        PackName pack = sample.Packs(PackKind.Chunks).Single(pack => pack.Session == gone.Id);
        await sample.Store.DeleteAsync(new BlobName(pack.BlobName), default);
        List<string> told = [];
        BackupRepository repository = await BackupRepository.OpenAsync(
            sample.Store, CollectSample.NewEnvironment() with { Warn = told.Add }, default);

        VerificationReport report = await repository.NewVerification(new VerificationOptions())
            .RunAsync(new Silence<VerificationProgress>(), default);

        Assert.Empty(report.Damage);
        Assert.Contains(pack.ToString(), Assert.Single(told), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verification_notices_every_flipped_byte_of_a_parity_file()
    {
        SampleRepository sample = await SampleRepository.CreateAsync(parityPercent: 50);
        await sample.BackUpAsync([1, 2]);
        BlobName parity = Assert.Single(sample.NamesIn(FileNames.ParityFolder));
        int length = sample.Store[parity].Length;
        for (int at = 0; at < length; at++)
        {
            SampleRepository copy = sample.Over(sample.Store.Copy());
            copy.Store[parity][at] ^= 1;
            bool isHead = at < 512 || at >= length - 512;
            VerificationReport report = await (await SampleRepository.OpenAsync(copy.Store))
                .NewVerification(new VerificationOptions { ReadDataPercent = isHead ? 0 : 100, WorkerCount = 1 })
                .RunAsync(new Silence<VerificationProgress>(), default);
            Damage damage = Assert.Single(report.Damage);
            Assert.Equal((parity.Path, at / 512 * 512), (damage.File, damage.OffsetBytes));
            Assert.Empty(damage.Points);
        }
    }

    private static Task<ParityGroups> ReadAsync(ParitySample packs, IEnumerable<PackName> there) =>
        ParityGroups.ReadAsync(
            new CollectionStore(
                packs.Store, ParitySample.Repository, ContentHasher.Plain, SampleRepository.NewEnvironment()),
            there.ToHashSet(), default);
}
