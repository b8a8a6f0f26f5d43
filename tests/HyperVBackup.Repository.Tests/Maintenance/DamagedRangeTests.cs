using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maintenance;
using HyperVBackup.Repository.Maintenance.Explain;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Storage;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maintenance;

/// <summary>Damage is told with the ranges of the disks that it costs, of every point.</summary>
public sealed class DamagedRangeTests
{
    private const long ChunkSizeBytes = SampleRepository.ChunkSizeBytes;

    [Fact]
    public async Task A_lost_chunk_is_told_with_every_place_of_every_disk_that_holds_it()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        // Three equal leaf nodes in one disk: what is shared within a map is told at each place.
        int[] disk = [1, 1, 2, .. new int[13], 1, 1, 2, .. new int[13], 1, 1, 2];
        RestorePoint first = await sample.BackUpAsync(disk);
        RestorePoint second = await sample.BackUpAsync([.. disk[..18], 5], first);
        RestorePoint third = await sample.BackUpAsync([7, 8], vm: "other");
        byte[] pack = sample.Store[PackOf(sample, first)];
        pack[FileHeader.SizeBytes + 90] ^= 1; // chunk 1
        Damage damage = Assert.Single((await VerifyAsync(sample)).Damage);
        Assert.Equal([first.Id, second.Id], damage.Points.OrderBy(id => id == second.Id));
        Assert.Equal(2, damage.Disks.Count);
        Assert.Equal([(0, 2), (16, 2), (32, 2)], RangesOf(damage, first));
        Assert.Equal([(0, 2), (16, 2)], RangesOf(damage, second));
        Assert.DoesNotContain(damage.Disks, touched => touched.Point == third.Id);
    }

    [Fact]
    public async Task A_lost_node_is_told_with_all_that_it_covers()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        RestorePoint point = await sample.BackUpAsync([1, 2, .. new int[20], 3, 4]);
        foreach (BlobName name in sample.NamesIn("maps/").Concat(sample.NamesIn("mirror/maps/")))
        {
            sample.Store[name][FileHeader.SizeBytes + 90] ^= 1; // the first leaf node
        }

        IReadOnlyList<Damage> damage = (await VerifyAsync(sample)).Damage;
        Assert.Equal([(0, 16)], RangesOf(Assert.Single(damage, one => one.Disks.Count > 0), point));
    }

    [Fact]
    public async Task Of_a_lost_pack_with_chunks_all_over_a_disk_some_ranges_are_kept_and_all_are_counted()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        const int RangeCount = 250;
        int[] disk = [.. Enumerable.Range(0, 2 * RangeCount).Select(index => index % 2 == 0 ? 1 + index : 0)];
        RestorePoint point = await sample.BackUpAsync(disk);
        await sample.Store.DeleteAsync(PackOf(sample, point), default);
        IReadOnlyList<Damage> damage = (await VerifyAsync(sample)).Damage;
        Assert.Equal(RangeCount, damage.Sum(one => one.Disks.Sum(touched => touched.RangeCount)));

        DamageLog log = new();
        log.AddFile("packs/x", 0, "lost");
        foreach (int index in Enumerable.Range(0, 1_000_000))
        {
            log.AddRange("packs/x", index, point.Id, "disk", 2L * index, (2L * index) + 1);
        }

        DamagedDisk vast = Assert.Single(Assert.Single(log.ToList()).Disks);
        Assert.Equal((1_000_000, FoundRanges.KeptCountMax), (vast.RangeCount, vast.Ranges.Count));
    }

    private static IEnumerable<(long Chunk, long Count)> RangesOf(Damage damage, RestorePoint point) =>
        damage.Disks.Single(disk => disk.Point == point.Id).Ranges
            .Select(range => (range.StartBytes / ChunkSizeBytes, range.LengthBytes / ChunkSizeBytes));

    private static BlobName PackOf(SampleRepository sample, RestorePoint point) => sample.NamesIn("packs/").Single(
        name => name.Path.Contains(point.Id.ToString(), StringComparison.Ordinal));

    private static async Task<VerificationReport> VerifyAsync(SampleRepository sample) =>
        await ByteDamageTests.VerifyAsync(
            await SampleRepository.OpenAsync(sample.Store), new VerificationOptions { ReadDataPercent = 100 });
}
