using HyperVBackup.Format;
using HyperVBackup.Format.Notes;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maintenance;
using HyperVBackup.Repository.Maintenance.Repair;
using HyperVBackup.Repository.Notes;
using HyperVBackup.Repository.Parity;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Repository.Tests.Maintenance;
using HyperVBackup.Repository.Tests.Maintenance.Collect;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Storage;
using Xunit;

namespace HyperVBackup.Repository.Tests.Parity;

public sealed class ProtectionTests
{
    [Fact]
    public async Task What_has_no_parity_gets_it_once_and_heals_by_it()
    {
        SampleRepository sample = await MakeAsync();
        ProtectReport report = await ProtectAsync(sample);
        Assert.Equal((3, 3, 0), (report.PackCount, report.ParityFileCount, report.ProtectedBefore));
        await sample.RequireGoodAsync();
        Assert.Empty(sample.NamesIn(FileNames.LeaseFolder));
        IReadOnlyList<BlobName> before = sample.Store.Names;
        ProtectReport again = await ProtectAsync(sample);
        Assert.Equal((0, 0, 3), (again.PackCount, again.ParityFileCount, again.ProtectedBefore));
        Assert.Equal(before, sample.Store.Names);
        ParityShares shares = (await sample.Repository.MeasureAsync(default)).Parity;
        Assert.Equal(
            new ParityShares(3, report.PackBytes, 3, report.ParityBytes), shares);

        BlobName pack = sample.NamesIn(FileNames.ChunkPackFolder)[1];
        byte[] whole = [.. sample.Store[pack]];
        sample.Store[pack].AsSpan(512, 100).Clear();
        ParityHealingReport healed = await new ParityHealing(
            sample.Store, sample.Repository.Id, ContentHasher.Plain, new Mending(sample.Store, _ => { })).RunAsync(
                new HashSet<PackName> { ParitySample.NameOf(pack) }, isDryRun: false,
                (_, _, _) => Task.CompletedTask, new Silence<(long, long)>(), default);
        Assert.Equal(PackFate.Mendable, Assert.Single(healed.Packs).Fate);
        Assert.Equal(whole, sample.Store[pack]);
    }

    [Fact]
    public async Task A_damaged_pack_is_left_out_and_told()
    {
        SampleRepository sample = await MakeAsync();
        BlobName pack = sample.NamesIn(FileNames.ChunkPackFolder)[1];
        sample.Store[pack][300] ^= 1;
        ProtectReport report = await ProtectAsync(sample);
        Assert.Equal([ParitySample.NameOf(pack)], report.Damaged);
        Assert.Equal((2, 2), (report.PackCount, report.ParityFileCount));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Damage_that_it_finds_is_noted_for_all_hosts_and_verify_tells_it(bool isFrame)
    {
        SampleRepository sample = await MakeAsync();
        BlobName pack = sample.NamesIn(FileNames.ChunkPackFolder)[1];
        sample.Store[pack][isFrame ? ^1 : 300] ^= 1;
        await ProtectAsync(sample);
        DamagedPlace place = Assert.Single((await KnownDamage.ReadAsync(sample.Repository, default)).Places);
        Assert.Equal((pack.Path, isFrame), (place.BlobName, place.IsFile));
        await ProtectAsync(sample);
        Assert.Single(sample.NamesIn(FileNames.DamageNoteFolder));
        Damage damage = Assert.Single((await ByteDamageTests.VerifyAsync(
            await SampleRepository.OpenAsync(sample.Store), new VerificationOptions())).Damage);
        Assert.Equal((pack.Path, place.OffsetBytes), (damage.File, damage.OffsetBytes));
    }

    [Fact]
    public async Task Damage_that_cannot_be_noted_is_told_with_a_warning_and_the_rest_is_protected()
    {
        SampleRepository sample = await MakeAsync();
        sample.Store[sample.NamesIn(FileNames.ChunkPackFolder)[1]][300] ^= 1;
        sample.Store.Before = call => _ = call.Name.StartsWith(FileNames.DamageNoteFolder, StringComparison.Ordinal)
            ? throw new StoreException("No space left") : 0;
        List<string> warnings = [];
        BackupRepository repository = await BackupRepository.OpenAsync(
            sample.Store, SampleRepository.NewEnvironment() with { Warn = warnings.Add }, default);
        ProtectReport report = await ProtectAsync(repository);
        Assert.Equal((1, 2), (report.Damaged.Count, report.PackCount));
        Assert.Contains("noted", Assert.Single(warnings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Packs_of_sessions_that_are_decided_no_more_or_gave_up_are_protected_and_those_at_work_are_not()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        RestorePoint first = await sample.BackUpAsync([1, 2, 3, 4]);
        await sample.BackUpAsync([1, 2, 3, 5], first);
        await sample.MarkAsync(first);
        await sample.CollectAsync(CollectSample.WithoutRepacking);
        Assert.Contains(sample.Packs(PackKind.Chunks), pack => pack.Session == first.Id);
        await using (WritingSession gone = await sample.Repository.OpenWritingSessionAsync(LeaseKind.Backup, default))
        {
            await SampleRepository.StoreAsync(gone, [6]);
            await gone.FlushAsync(default);
        }

        HashSet<BlobName> ended = [.. sample.NamesIn(FileNames.ChunkPackFolder)];
        await using WritingSession session =
            await sample.Repository.OpenWritingSessionAsync(LeaseKind.Backup, default);
        await SampleRepository.StoreAsync(session, [7]);
        await session.FlushAsync(default);
        ProtectReport report = await ProtectAsync(sample);
        Assert.Equal((3, 3), (ended.Count, report.PackCount));
        Assert.Equal(3, (await ProtectAsync(sample)).ProtectedBefore);
    }

    [Fact]
    public async Task Stopped_anywhere_it_leaves_whole_files_and_the_next_run_does_the_rest()
    {
        int stopAt = 0;
        for (bool isStopped = true; isStopped; stopAt++)
        {
            SampleRepository sample = await MakeAsync();
            int calls = 0;
            using CancellationTokenSource stop = new();
            sample.Store.Before = _ =>
            {
                if (calls++ == stopAt)
                {
                    stop.Cancel();
                }

                stop.Token.ThrowIfCancellationRequested();
            };
            try
            {
                await ProtectAsync(sample, stop.Token);
                isStopped = false;
            }
            catch (OperationCanceledException)
            {
                sample.Store.Before = null;
                ProtectReport report = await ProtectAsync(sample);
                Assert.Equal(3, report.PackCount + report.ProtectedBefore);
            }

            sample.Store.Before = null;
            Assert.Equal(3, sample.NamesIn(FileNames.ParityFolder).Count);
            await sample.RequireGoodAsync();
        }

        Assert.True(stopAt > 30);
    }

    private static async Task<SampleRepository> MakeAsync()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        await sample.BackUpAsync([1, 2, 3, 0, 4]);
        await sample.BackUpAsync([5, 6], vm: "second");
        await sample.BackUpAsync([7, 8], vm: "third");
        return sample;
    }

    private static Task<ProtectReport> ProtectAsync(SampleRepository sample, CancellationToken token = default) =>
        ProtectAsync(sample.Repository, token);

    private static Task<ProtectReport> ProtectAsync(BackupRepository repository, CancellationToken token = default) =>
        repository.NewProtection(new ProtectOptions { ParityPercent = 30, WorkerCount = 1 })
            .RunAsync(new Silence<ProtectProgress>(), token);
}
