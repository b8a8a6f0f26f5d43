using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Storage;
using Xunit;

namespace HyperVBackup.Repository.Tests.Sessions;

/// <summary>Records that a backup relies on are read again now and then; a bad one is stored anew.</summary>
public sealed class HitSamplingTests
{
    private readonly List<string> warnings = [];

    [Theory]
    [InlineData(10, 1, 10)]
    [InlineData(50, 3, 12)]
    [InlineData(1_000_000, 850, 1150)]
    public void Some_of_few_are_looked_at_and_one_in_a_thousand_of_many(int count, int least, int most)
    {
        for (int seed = 0; seed < 20; seed++)
        {
            Random random = new(seed);
            SampleRate rate = new(bytes => random.NextBytes(bytes), 1024);
            int dueCount = 0;
            for (int index = 0; index < count; index++)
            {
                dueCount += rate.IsDue() ? 1 : 0;
            }

            Assert.InRange(dueCount, least, most);
        }
    }

    [Fact]
    public void Each_is_looked_at_where_one_in_one_is_asked_for()
    {
        SampleRate rate = new(bytes => bytes.Fill(0xAB), 1);
        Assert.All(Enumerable.Range(0, 100), _ => Assert.True(rate.IsDue()));
    }

    [Fact]
    public async Task A_good_hit_is_relied_on_and_counted()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        await sample.BackUpAsync([1, 2, 3]);
        int packCount = sample.NamesIn("packs/").Count;
        SampleRepository host = await HostAsync(sample, oneIn: 1);
        await using WritingSession session = await host.Repository.OpenWritingSessionAsync(LeaseKind.Backup, default);
        await host.WriteAsync(session, [3, 2, 1], vm: "other");
        Assert.Equal(3, session.HitsReread);
        Assert.Equal(packCount, sample.NamesIn("packs/").Count);
        Assert.Empty(warnings);
    }

    [Fact]
    public async Task A_record_that_rotted_is_told_and_its_chunk_is_stored_anew_for_old_points_too()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        RestorePoint old = await sample.BackUpAsync([1, 2, 3]);
        byte[] pack = sample.Store[sample.NamesIn("packs/")[0]];
        pack[FileHeader.SizeBytes + 90] ^= 1; // in the first record, chunk 1
        Assert.False(await ReadsAsync(sample, old));
        await ForgetAsync(sample);
        SampleRepository host = await HostAsync(sample, oneIn: 1);
        RestorePoint other = await host.BackUpAsync([3, 2, 1], vm: "other");
        Assert.Contains("does not hold its bytes", Assert.Single(warnings), StringComparison.Ordinal);
        Assert.True(await ReadsAsync(host, other));
        Assert.NotEmpty(sample.NamesIn("damaged/"));
        Assert.True(await ReadsAsync(host, old));
        Assert.True(await ReadsAsync(host, await host.BackUpAsync([2, 1, 3], vm: "third")));
    }

    [Fact]
    public async Task A_chunk_whose_recipe_takes_pages_from_a_rotten_record_is_stored_anew()
    {
        (SampleRepository sample, DeltaSample deltas) = await DeltaSample.CreateAsync();
        RestorePoint old = await deltas.BackUpAsync([7, 2]);
        RecordPlace source = deltas.Places[SampleRepository.IdOf(DeltaSample.BaseOf(7))];
        sample.Store[new BlobName(source.Pack.BlobName)][source.OffsetBytes + 90] ^= 1;
        Assert.False(await ReadsAsync(sample, old));
        await ForgetAsync(sample);
        SampleRepository host = await HostAsync(sample, oneIn: 1);
        RestorePoint other = await host.BackUpAsync([7], vm: "other");
        Assert.True(await ReadsAsync(host, other));
        Assert.NotEmpty(warnings);
        RestorePoint third = await host.BackUpAsync([2], vm: "third");
        Assert.True(await ReadsAsync(host, third));
    }

    [Fact]
    public async Task A_pack_that_is_gone_is_no_damage()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        await sample.BackUpAsync([1, 2, 3]);
        SampleRepository host = await HostAsync(sample, oneIn: 1);
        await using WritingSession session = await host.Repository.OpenWritingSessionAsync(LeaseKind.Backup, default);
        await SampleRepository.StoreAsync(session, [1]); // the pack's table is at hand from now on
        await sample.Store.DeleteAsync(sample.NamesIn("packs/")[0], default);
        RecordPlace[] places = await SampleRepository.StoreAsync(session, [2]);
        Assert.Equal(session.Id, places[0].Pack.Session);
        Assert.Empty(warnings);
    }

    /// <summary>What the restore found is not known.</summary>
    private static async Task ForgetAsync(SampleRepository sample)
    {
        foreach (BlobName note in sample.NamesIn("damaged/"))
        {
            await sample.Store.DeleteAsync(note, default);
        }
    }

    private static Task<bool> ReadsAsync(SampleRepository sample, RestorePoint point) =>
        SampleRepository.ReadsRightAsync(sample.Repository, point.Id, sample.Disks[point.Id]);

    private async Task<SampleRepository> HostAsync(SampleRepository sample, int oneIn) => sample.Over(
        sample.Store,
        await BackupRepository.OpenAsync(
            sample.Store,
            SampleRepository.NewEnvironment() with { OneHitReadIn = oneIn, Warn = warnings.Add }, default));
}
