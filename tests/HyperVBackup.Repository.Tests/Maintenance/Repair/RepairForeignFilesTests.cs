using HyperVBackup.Format;
using HyperVBackup.Format.Points;
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
