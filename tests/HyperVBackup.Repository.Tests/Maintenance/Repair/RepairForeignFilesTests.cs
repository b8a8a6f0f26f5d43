using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maintenance;
using HyperVBackup.Repository.Maintenance.Repair;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Storage;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maintenance.Repair;

/// <summary>Packs that another file's bytes stand in, sound by themselves: all but the name in the header.</summary>
public sealed class RepairForeignFilesTests
{
    private const int ChunkCount = 200;

    [Fact]
    public async Task A_pack_overwritten_by_a_smaller_one_is_mended_from_parity_to_what_it_was()
    {
        SampleRepository sample = await MakeAsync();
        Dictionary<string, byte[]> whole = sample.Store.Contents();
        BlobName[] packs = BySize(sample);
        sample.Store[packs[^1]] = [.. sample.Store[packs[0]]];
        RepairReport report = await sample.RepairAsync();
        await sample.RequireHealedAsync(report);
        Assert.Contains(report.Healed, place => place.File == packs[^1].Path && place.From == "parity");
        Assert.Equal(whole[packs[^1].Path], sample.Store[packs[^1]]);
    }

    [Fact]
    public async Task A_pack_overwritten_by_a_larger_one_is_computed_from_parity_and_stored_anew()
    {
        SampleRepository sample = await MakeAsync();
        BlobName[] packs = BySize(sample);
        sample.Store[packs[0]] = [.. sample.Store[packs[^1]]];
        RepairReport report = await sample.RepairAsync();
        Assert.Empty(report.Left);
        Assert.Contains(report.Healed, place => place.File == packs[0].Path && place.From == "parity");
        foreach (SessionId point in sample.Disks.Keys)
        {
            Assert.True(await sample.ReadsAsync(point));
        }
    }

    [Fact]
    public async Task A_foreign_pack_of_which_only_the_length_tells_is_computed_from_parity()
    {
        SampleRepository sample = await MakeAsync();
        Dictionary<string, byte[]> whole = sample.Store.Contents();
        BlobName[] packs = BySize(sample);
        byte[] foreign = [.. sample.Store[packs[0]]];
        new FileHeader(FileKind.ChunkPack, sample.Repository.Id, packs[^1].Path).WriteTo(foreign);
        sample.Store[packs[^1]] = foreign;
        await sample.RequireHealedAsync(await sample.RepairAsync());
        Assert.Equal(whole[packs[^1].Path], sample.Store[packs[^1]]);
    }

    [Fact]
    public async Task Without_parity_a_foreign_pack_keeps_the_header_that_says_so()
    {
        SampleRepository sample = await MakeAsync(parityPercent: 0);
        BlobName[] packs = BySize(sample);
        sample.Store[packs[^1]] = [.. sample.Store[packs[0]]];
        RepairReport report = await sample.RepairAsync();
        Assert.NotEmpty(report.Left);
        Assert.NotEmpty(report.Touched);
        Assert.Equal(sample.Store[packs[0]], sample.Store[packs[^1]]);
    }

    [Theory]
    [InlineData("maps/", false)]
    [InlineData("mirror/maps/", false)]
    [InlineData("mirror/maps/", true)]
    public async Task A_foreign_map_pack_is_mended_from_its_second_copy_to_what_it_was(string folder, bool isOwnTwin)
    {
        SampleRepository sample = await MakeAsync(parityPercent: 0);
        Dictionary<string, byte[]> whole = sample.Store.Contents();
        BlobName[] packs =
            [.. sample.NamesIn(folder).OrderBy(name => sample.Store[name].Length).ThenBy(name => name.Path)];
        BlobName from = isOwnTwin ? new BlobName(packs[^1].Path["mirror/".Length..]) : packs[0];
        sample.Store[packs[^1]] = [.. sample.Store[from]];
        RepairReport report = await sample.RepairAsync();
        await sample.RequireHealedAsync(report);
        Assert.Contains(report.Healed, place => place.File == packs[^1].Path && place.From == "its second copy");
        Assert.Equal(whole[packs[^1].Path], sample.Store[packs[^1]]);
    }

    [Fact]
    public async Task A_pack_that_was_overwritten_and_lost_its_header_too_is_computed_from_parity()
    {
        SampleRepository sample = await MakeAsync();
        Dictionary<string, byte[]> whole = sample.Store.Contents();
        BlobName[] packs = BySize(sample);
        byte[] foreign = [.. sample.Store[packs[0]]];
        foreign.AsSpan(0, FileHeader.SizeBytes).Clear();
        sample.Store[packs[^1]] = foreign;
        await sample.RequireHealedAsync(await sample.RepairAsync());
        Assert.Equal(whole[packs[^1].Path], sample.Store[packs[^1]]);
    }

    [Fact]
    public async Task Without_parity_a_header_that_would_hide_a_foreign_pack_is_not_made_anew()
    {
        SampleRepository sample = await MakeAsync(parityPercent: 0);
        BlobName[] packs = BySize(sample);
        byte[] foreign = [.. sample.Store[packs[0]]];
        foreign.AsSpan(0, FileHeader.SizeBytes).Clear();
        sample.Store[packs[^1]] = [.. foreign];
        Assert.NotEmpty((await sample.RepairAsync()).Left);
        Assert.Equal(foreign, sample.Store[packs[^1]]);
    }

    /// <summary>As one that somebody gave another name, header and all.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    public async Task Verify_tells_a_sound_pack_that_is_not_the_one_of_its_name_though_nothing_is_lost(
        int parityPercent)
    {
        SampleRepository sample = await MakeAsync(parityPercent);
        BlobName[] packs = BySize(sample);
        byte[] own = sample.Store[packs[^1]];
        await sample.Store.DeleteAsync(packs[^1], default);
        await VerifyAsync(sample);
        await sample.BackUpAsync([.. Enumerable.Range(1, ChunkCount)], vm: "again"); // nothing is lost by it now
        byte[] foreign = [.. sample.Store[packs[0]]];
        new FileHeader(FileKind.ChunkPack, sample.Repository.Id, packs[^1].Path).WriteTo(foreign);
        sample.Store[packs[^1]] = foreign;
        Damage told = Assert.Single((await VerifyAsync(sample)).Damage);
        Assert.Equal((packs[^1].Path, 0, 0), (told.File, told.OffsetBytes, told.Points.Count));
        Assert.Contains("another", told.What, StringComparison.Ordinal);
        Assert.Empty((await sample.RepairAsync()).Left);
        Assert.Equal(parityPercent > 0, own.AsSpan().SequenceEqual(sample.Store[packs[^1]]));
        Assert.Empty((await VerifyAsync(sample)).Damage); // nothing needs what lay there
        foreach (SessionId point in sample.Disks.Keys)
        {
            Assert.True(await sample.ReadsAsync(point));
        }
    }

    [Theory]
    [InlineData("maps/")]
    [InlineData("mirror/maps/")]
    public async Task A_foreign_map_pack_that_lost_its_header_is_mended_from_its_second_copy(string folder)
    {
        SampleRepository sample = await MakeAsync(parityPercent: 0);
        Dictionary<string, byte[]> whole = sample.Store.Contents();
        BlobName[] packs =
            [.. sample.NamesIn(folder).OrderBy(name => sample.Store[name].Length).ThenBy(name => name.Path)];
        byte[] foreign = [.. sample.Store[packs[0]]];
        foreign.AsSpan(0, FileHeader.SizeBytes).Clear();
        sample.Store[packs[^1]] = foreign;
        await sample.RequireHealedAsync(await sample.RepairAsync());
        Assert.Equal(whole[packs[^1].Path], sample.Store[packs[^1]]);
    }

    private static async Task<VerificationReport> VerifyAsync(SampleRepository sample) =>
        await ByteDamageTests.VerifyAsync(
            await SampleRepository.OpenAsync(sample.Store), new VerificationOptions());

    private static BlobName[] BySize(SampleRepository sample)
    {
        BlobName[] packs = [.. sample.NamesIn("packs/").OrderBy(name => sample.Store[name].Length)];
        Assert.True(sample.Store[packs[0]].Length < sample.Store[packs[^1]].Length);
        return packs;
    }

    private static async Task<SampleRepository> MakeAsync(int parityPercent = 100)
    {
        SampleRepository sample = await SampleRepository.CreateAsync(parityPercent: parityPercent);
        int[] disk = [.. Enumerable.Range(1, ChunkCount)];
        RestorePoint first = await sample.BackUpAsync(disk);
        await sample.BackUpAsync([.. disk.Select(number => number % 3 == 0 ? number + ChunkCount : number)], first);
        return sample;
    }
}
