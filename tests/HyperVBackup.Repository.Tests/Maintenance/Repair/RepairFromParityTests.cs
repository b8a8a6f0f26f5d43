using HyperVBackup.Format;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maintenance.Repair;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Storage;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maintenance.Repair;

/// <summary>Damage that parity heals, and the same where the parity is gone.</summary>
public sealed class RepairFromParityTests
{
    private const int ChunkCount = 1000;
    private const int SectorBytes = FormatLimits.ParityBlockSizeBytes;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_damaged_record_is_mended_from_parity(bool hasParity)
    {
        SampleRepository sample = await MakeAsync(20, hasParity);
        Dictionary<string, byte[]> whole = Packs(sample);
        await sample.DamageChunkAsync(7, withChecksum: true);
        RepairReport report = await sample.RepairAsync();
        RequireNamed(hasParity, report);
        if (hasParity)
        {
            await sample.RequireHealedAsync(report);
            HealedPlace place = Assert.Single(report.Healed);
            Assert.Equal(("parity", true), (place.From, place.IsMended));
            Assert.Equal(whole, Packs(sample));
            Assert.Empty(sample.NamesIn("damaged/"));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task One_percent_of_all_sectors_overwritten_at_random_heal_to_equal_bytes(bool hasParity)
    {
        SampleRepository sample = await MakeAsync(20, hasParity);
        Dictionary<string, byte[]> whole = Packs(sample);
        Assert.True(Overwrite(sample, percent: 1, seed: 3) > 1);
        RepairReport report = await sample.RepairAsync();
        RequireNamed(hasParity, report);
        if (hasParity)
        {
            await sample.RequireHealedAsync(report);
            Assert.Equal(whole, Packs(sample));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_pack_that_is_gone_is_stored_anew_under_other_names(bool hasParity)
    {
        SampleRepository sample = await MakeAsync(100, hasParity);
        string gone = Packs(sample).Keys.First();
        await sample.Store.DeleteAsync(new BlobName(gone), default);
        RepairReport report = await sample.RepairAsync();
        RequireNamed(hasParity, report);
        Assert.DoesNotContain(gone, Packs(sample).Keys);
        if (hasParity)
        {
            foreach (SessionId point in sample.Disks.Keys)
            {
                Assert.True(await sample.ReadsAsync(point));
            }

            Dictionary<string, byte[]> packs = Packs(sample);
            Assert.Empty((await sample.RepairAsync()).Healed);
            Assert.Equal(packs, Packs(sample));
            HealedPlace place = Assert.Single(report.Healed);
            Assert.Equal((gone, "parity", false), (place.File, place.From, place.IsMended));
        }
    }

    [Fact]
    public async Task Of_more_than_parity_can_heal_it_heals_a_part_and_the_rest_is_named()
    {
        (List<HealedPlace> without, int leftBefore, long lostBefore) = await RepairMuchAsync(hasParity: false);
        (List<HealedPlace> healed, int left, long lost) = await RepairMuchAsync(hasParity: true);
        Assert.DoesNotContain(without, place => place.From == "parity");
        Assert.Contains(healed, place => place.From == "parity");
        Assert.InRange(left, 1, leftBefore - 1);
        Assert.InRange(lost, 1, lostBefore - 1);
    }

    /// <summary>More bad sectors than parity makes good, in a pack whose footer is good, keep no other pack from it.
    /// </summary>
    [Fact]
    public async Task Where_more_cannot_be_read_than_parity_heals_other_packs_are_healed()
    {
        SampleRepository sample = await MakeAsync(10, hasParity: true);
        BlobName[] packs = [.. Packs(sample).Keys.Select(name => new BlobName(name))];
        int number = ChunkCount + 3; // of the second point alone
        RecordPlace rotten = await sample.ChunkAsync(number);
        BlobName bad = packs.First(name => name.Path != rotten.Pack.BlobName);
        int lengthBytes = sample.Store[bad].Length;
        await sample.DamageChunkAsync(number, withChecksum: true);
        sample.Store.IsUnreadable = (name, offsetBytes, countBytes) =>
            name == bad && offsetBytes < lengthBytes / 2 && offsetBytes + countBytes > SectorBytes;
        RepairReport report = await sample.RepairAsync();
        Assert.Contains(report.Healed, place => place is { From: "parity", IsMended: true }
            && place.File == rotten.Pack.BlobName);
        Assert.NotEmpty(report.Left);
        sample.Store.IsUnreadable = null;
        foreach (SessionId point in sample.Disks.Keys)
        {
            Assert.True(await sample.ReadsAsync(point));
        }
    }

    [Fact]
    public async Task A_dry_run_says_the_same_of_parity_and_writes_nothing()
    {
        SampleRepository sample = await MakeAsync(20, hasParity: true);
        Overwrite(sample, percent: 1, seed: 3);
        Dictionary<string, byte[]> before = sample.Store.Contents();
        RepairReport dry = await sample.RepairAsync(new RepairOptions { ReadData = true, DryRun = true });
        Assert.Equal(before, sample.Store.Contents());
        Assert.Equal((await sample.RepairAsync()).Healed, dry.Healed);
        Assert.Contains(dry.Healed, place => place.From == "parity");
    }

    private static async Task<(List<HealedPlace> Healed, int Left, long LostBytes)> RepairMuchAsync(bool hasParity)
    {
        List<HealedPlace> healed = [];
        (int left, long lostBytes) = (0, 0);
        for (int seed = 1; seed <= 3; seed++)
        {
            SampleRepository sample = await MakeAsync(5, hasParity);
            Overwrite(sample, percent: 5, seed);
            RepairReport report = await sample.RepairAsync();
            healed.AddRange(report.Healed);
            left += report.Left.Count;
            lostBytes += report.Touched.SelectMany(disk => disk.Ranges).Sum(range => range.LengthBytes);
        }

        return (healed, left, lostBytes);
    }

    private static void RequireNamed(bool isHealed, RepairReport report)
    {
        Assert.Equal(isHealed, report.Left.Count == 0);
        Assert.Equal(isHealed, report.Touched.Count == 0);
    }

    private static async Task<SampleRepository> MakeAsync(int percent, bool hasParity)
    {
        SampleRepository sample = await SampleRepository.CreateAsync(parityPercent: percent);
        int[] disk = [.. Enumerable.Range(1, ChunkCount)];
        RestorePoint first = await sample.BackUpAsync(disk);
        await sample.BackUpAsync([.. disk.Select(number => number % 3 == 0 ? number + ChunkCount : number)], first);
        foreach (BlobName parity in sample.NamesIn(FileNames.ParityFolder))
        {
            await (hasParity ? Task.CompletedTask : sample.Store.DeleteAsync(parity, default));
        }

        return sample;
    }

    private static Dictionary<string, byte[]> Packs(SampleRepository sample) => sample.NamesIn("packs/")
        .ToDictionary(name => name.Path, name => sample.Store[name].ToArray());

    /// <returns>How many sectors.</returns>
    private static int Overwrite(SampleRepository sample, int percent, int seed)
    {
        const int All = 100;
        Random random = new(seed);
        int count = 0;
        foreach (byte[] pack in Packs(sample).Keys.Select(name => sample.Store[new BlobName(name)]))
        {
            for (int atBytes = 0; atBytes + SectorBytes <= pack.Length; atBytes += SectorBytes)
            {
                if (random.Next(All) < percent)
                {
                    random.NextBytes(pack.AsSpan(atBytes, SectorBytes));
                    count++;
                }
            }
        }

        return count;
    }
}
