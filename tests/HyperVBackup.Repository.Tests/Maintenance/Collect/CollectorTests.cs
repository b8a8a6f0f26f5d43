using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maintenance.Collect;
using HyperVBackup.Repository.Tests.Sessions;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maintenance.Collect;

/// <summary>What a collector that is alone deletes, and what it leaves.</summary>
public sealed class CollectorTests
{
    [Fact]
    public async Task What_only_pruned_points_need_goes_and_all_else_stays()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        RestorePoint first = await sample.BackUpAsync([1, 2, 3, 0, 4]);
        RestorePoint second = await sample.BackUpAsync([1, 2, 3, 5, 4], first);
        RestorePoint other = await sample.BackUpAsync([6, 7, 0], vm: "other");
        await sample.MarkAsync(other);
        CollectReport report = await sample.CollectAsync(CollectSample.WithoutRepacking);
        await sample.RequireGoodAsync(other);
        Assert.Equal([other.Id], report.PointsRemoved);
        Assert.Equal(2, report.PacksRemoved);
        string gone = other.Id.ToString();
        Assert.DoesNotContain(sample.Store.Names, name => name.Path.Contains(gone, StringComparison.Ordinal));
        Assert.Equal(2, sample.Packs(PackKind.Chunks).Count);
        Assert.Equal(2, sample.Packs(PackKind.Maps).Count);
        Assert.NotEqual(default, second.Id);
    }
}
