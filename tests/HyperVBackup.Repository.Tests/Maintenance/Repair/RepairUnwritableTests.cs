using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maintenance.Repair;
using HyperVBackup.Repository.Tests.Maintenance.Collect;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maintenance.Repair;

/// <summary>Files that rotted where nothing can be written any more, as on a bad sector.</summary>
public sealed class RepairUnwritableTests
{
    private readonly List<string> warnings = [];

    [Theory]
    [InlineData("points/")]
    [InlineData("mirror/points/")]
    [InlineData("mirror/repository")]
    public async Task A_file_that_cannot_be_written_keeps_nothing_else_from_being_healed(string folder)
    {
        SampleRepository sample = await MakeAsync();
        BlobName bad = sample.NamesIn(folder)[0];
        sample.Store[bad][20] ^= 1;
        await sample.DamageChunkAsync(2);
        RefuseMending(sample, bad);
        RepairReport report = await RepairAsync(sample, new KnownChunks(2));
        Assert.Equal([bad.Path], report.Left.Select(left => left.File).Distinct());
        Assert.Empty(report.Touched);
        Assert.Contains(
            report.Healed, place => place.IsMended && place.File.StartsWith("packs/", StringComparison.Ordinal));
        Assert.Contains(bad.Path, Assert.Single(
            warnings, words => words.Contains("cannot be mended", StringComparison.Ordinal)), StringComparison.Ordinal);
        sample.Store.Before = null;
        await sample.RequireHealedAsync(await RepairAsync(sample, null));
    }

    [Fact]
    public async Task A_record_that_cannot_be_written_is_stored_anew()
    {
        SampleRepository sample = await MakeAsync();
        await sample.DamageChunkAsync(2);
        RefuseMending(sample, new BlobName((await sample.ChunkAsync(2)).Pack.BlobName));
        RepairReport report = await RepairAsync(sample, new KnownChunks(2));
        Assert.Empty(report.Left);
        Assert.NotEmpty(report.Healed);
        Assert.All(report.Healed, place => Assert.False(place.IsMended));
        await RequireReadsAsync(sample);
    }

    [Fact]
    public async Task Of_a_map_pack_whose_header_cannot_be_written_the_records_are_stored_anew()
    {
        SampleRepository sample = await MakeAsync();
        BlobName pack = sample.NamesIn("maps/")[0];
        sample.Store[pack][20] ^= 1;
        RefuseMending(sample, pack);
        RepairReport report = await RepairAsync(sample, null);
        Assert.Empty(report.Left);
        Assert.False(Assert.Single(report.Healed).IsMended);
        await RequireReadsAsync(sample);
    }

    [Fact]
    public async Task A_pack_that_cannot_be_written_is_stored_anew_from_parity()
    {
        SampleRepository sample = await MakeAsync(parityPercent: 100);
        BlobName pack = new((await sample.ChunkAsync(1)).Pack.BlobName);
        await sample.DamageChunkAsync(1, withChecksum: true);
        sample.Store[pack][20] ^= 1;
        RefuseMending(sample, pack);
        RepairReport report = await RepairAsync(sample, null);
        Assert.Empty(report.Touched);
        Assert.All(report.Healed, place => Assert.False(place.IsMended));
        Assert.Contains(report.Healed, place => place.From == "parity");
        await RequireReadsAsync(sample);
    }

    [Fact]
    public async Task Where_the_store_is_gone_a_repair_says_so()
    {
        SampleRepository sample = await MakeAsync();
        sample.Store[sample.NamesIn("points/")[0]][20] ^= 1;
        bool isGone = false;
        sample.Store.Before = call =>
        {
            isGone |= call.Kind == StoreCallKind.Mend;
            _ = isGone ? throw new StoreException("The store is gone.") : 0;
        };
        StoreException failure = await Assert.ThrowsAsync<StoreException>(() => RepairAsync(sample, null));
        Assert.Equal("The store is gone.", failure.Message);
    }

    private static void RefuseMending(SampleRepository sample, BlobName bad) =>
        sample.Store.Before = call => _ = call.Kind == StoreCallKind.Mend && call.Name == bad.Path
            ? throw new StoreException("A bad sector.")
            : 0;

    private async Task<RepairReport> RepairAsync(SampleRepository sample, KnownChunks? disks)
    {
        BackupRepository repository = await BackupRepository.OpenAsync(
            sample.Store, CollectSample.NewEnvironment() with { Warn = warnings.Add }, default);
        RepairOptions options = new() { ReadData = true, LiveDisks = disks, WorkerCount = 1 };
        return await repository.NewRepair(options).RunAsync(new Silence<RepairProgress>(), default);
    }

    private static async Task RequireReadsAsync(SampleRepository sample)
    {
        sample.Store.Before = null;
        foreach (SessionId point in sample.Disks.Keys)
        {
            Assert.True(await sample.ReadsAsync(point));
        }
    }

    private static async Task<SampleRepository> MakeAsync(int parityPercent = 0)
    {
        SampleRepository sample = await SampleRepository.CreateAsync(parityPercent: parityPercent);
        RestorePoint first = await sample.BackUpAsync([1, 2, 3, 6]);
        await sample.BackUpAsync([1, 2, 4, 7], first);
        return sample;
    }
}
