using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maintenance.Collect;
using HyperVBackup.Repository.Tests.Maintenance;
using HyperVBackup.Repository.Tests.Maintenance.Prune;
using HyperVBackup.Storage;
using Xunit;

namespace HyperVBackup.Repository.Tests.Pins;

/// <summary>What a collection leaves because of pins.</summary>
public sealed class PinnedCollectionTests
{
    [Fact]
    public async Task A_pinned_point_survives_its_mark_until_the_pin_is_removed()
    {
        PruneSample sample = await PruneSample.CreateAsync();
        RestorePoint[] points = await sample.BackUpDaysAsync(3);
        await sample.Pins.PinAsync(points[0].Id, default);
        sample.Sample.Store[new BlobName(FileNames.PruneMark(points[0].Id))] = [];
        sample.Sample.Store[new BlobName(FileNames.PruneMark(points[1].Id))] = [];
        Assert.Equal([points[1].Id], (await CollectAsync(sample)).PointsRemoved);
        Assert.Equal(2, (await sample.Repository.ListShownPointsAsync()).Count);
        await sample.Pins.RemoveAsync(points[0].Id, force: false, default);
        Assert.Equal([points[0].Id], (await CollectAsync(sample)).PointsRemoved);
    }

    /// <summary>Every pack is to be rewritten, but not one that an immutable point reaches anything in.</summary>
    [Fact]
    public async Task Of_what_an_immutable_point_reaches_no_pack_goes_or_is_rewritten()
    {
        PruneSample sample = await PruneSample.CreateAsync();
        RestorePoint[] points = await sample.BackUpDaysAsync(4);
        await sample.Pins.HoldAsync(points[1].Id, sample.Clock.Now.AddDays(3), default);
        foreach (RestorePoint point in points[..3])
        {
            sample.Sample.Store[new BlobName(FileNames.PruneMark(point.Id))] = [];
        }

        Dictionary<BlobName, byte[]> before = FilesOf(sample, points[0], points[1]);
        CollectReport report = await CollectAsync(sample);
        Assert.Equal(new[] { points[0].Id, points[2].Id }.Order(), report.PointsRemoved.Order());
        Assert.NotEqual(0, report.PacksRemoved);
        foreach ((BlobName name, byte[] content) in FilesOf(sample, points[1]))
        {
            Assert.Equal(before[name], content);
        }

        // The first chunk of all points was stored by the first.
        Assert.Contains(FilesOf(sample, points[0]).Keys, name => IsIn(name, FileNames.ChunkPackFolder));
        Assert.True(await ReadsAsync(sample, points[1]));
        sample.Clock.Now = sample.Clock.Now.AddDays(4);
        await sample.BackUpAsync([9]);
        Assert.Equal([points[1].Id], (await CollectAsync(sample)).PointsRemoved);
        Assert.All(FilesOf(sample, points[1]).Keys, name => Assert.True(IsIn(name, FileNames.PinFolder)));
    }

    private static bool IsIn(BlobName name, string folder) => name.Path.StartsWith(folder, StringComparison.Ordinal);

    private static Task<CollectReport> CollectAsync(PruneSample sample) => sample.Repository
        .NewCollector(new CollectOptions { DeadPercentMax = 0, SmallPackCountMin = 1 })
        .RunAsync(new Silence<CollectProgress>(), default);

    private static Task<bool> ReadsAsync(PruneSample sample, RestorePoint point) =>
        Sessions.SampleRepository.ReadsRightAsync(sample.Repository, point.Id, sample.Sample.Disks[point.Id]);

    /// <summary>All files that the points' sessions made.</summary>
    private static Dictionary<BlobName, byte[]> FilesOf(PruneSample sample, params RestorePoint[] points) =>
        sample.Sample.Store.Names
            .Where(name => points.Any(point => name.Path.Contains(point.Id.ToString(), StringComparison.Ordinal)))
            .ToDictionary(name => name, name => sample.Sample.Store[name]);
}
