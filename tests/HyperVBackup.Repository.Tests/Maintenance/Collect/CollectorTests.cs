using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maintenance.Collect;
using HyperVBackup.Repository.Pins;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Storage;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maintenance.Collect;

/// <summary>What a collector that is alone deletes, and what it leaves.</summary>
public sealed class CollectorTests
{
    [Fact]
    public async Task What_only_pruned_points_need_goes_and_all_else_stays()
    {
        (SampleRepository sample, RestorePoint other) = await MakeAsync();
        await sample.MarkAsync(other);
        CollectReport report = await sample.CollectAsync(CollectSample.WithoutRepacking);
        await sample.RequireGoodAsync(other);
        Assert.Equal([other.Id], report.PointsRemoved);
        Assert.Equal(2, report.PacksRemoved);
        string gone = other.Id.ToString();
        Assert.DoesNotContain(sample.Store.Names, name => name.Path.Contains(gone, StringComparison.Ordinal));
        Assert.Equal(2, sample.Packs(PackKind.Chunks).Count);
        Assert.Equal(2, sample.Packs(PackKind.Maps).Count);
        Assert.Equal(report.BytesBefore - report.BytesAfter, report.BytesFreed - SmallBytesOf(report));
    }

    [Fact]
    public async Task A_collector_ends_though_others_prune_all_the_while_and_the_next_one_goes_on()
    {
        (SampleRepository sample, RestorePoint other) = await MakeAsync();
        await sample.MarkAsync(other);
        Queue<RestorePoint> later = new((await sample.Repository.ListPointsAsync()).Where(
            point => point.Id != other.Id));
        RestorePoint last = later.Dequeue();
        RestorePoint[] meanwhile = [.. later];
        CollectReport first = await sample.Repository.NewCollector(CollectSample.WithoutRepacking).RunAsync(
            new Told(() =>
            {
                if (later.TryDequeue(out RestorePoint? point))
                {
                    sample.MarkAsync(point).GetAwaiter().GetResult();
                }
            }),
            default);
        Assert.Equal([other.Id], first.PointsRemoved);
        RestorePoint[] marked = [.. meanwhile.Except(later)];
        Assert.NotEmpty(marked);
        Assert.All(marked, point => Assert.Contains(
            sample.Store.Names, name => name.Path == FileNames.RestorePoint(point.Id)));

        CollectReport next = await sample.CollectAsync(CollectSample.WithoutRepacking);
        Assert.Equal(marked.Select(point => point.Id).Order(), next.PointsRemoved.Order());
        await sample.RequireGoodAsync([other, .. marked]);
        Assert.Contains(sample.Store.Names, name => name.Path == FileNames.RestorePoint(last.Id));
    }

    [Fact]
    public async Task A_dry_run_says_what_would_go_and_writes_nothing()
    {
        (SampleRepository sample, RestorePoint other) = await MakeAsync();
        await sample.MarkAsync(other);
        IReadOnlyList<BlobName> before = sample.Store.Names;
        CollectReport told = await sample.CollectAsync(CollectSample.WithoutRepacking with { DryRun = true });
        Assert.Equal(before, sample.Store.Names);
        CollectReport done = await sample.CollectAsync(CollectSample.WithoutRepacking);
        Assert.Equal(done.PointsRemoved, told.PointsRemoved);
        Assert.Equal(done.PacksRemoved, told.PacksRemoved);
        Assert.Equal((done.BytesBefore, done.BytesAfter), (told.BytesBefore, told.BytesAfter));
    }

    [Fact]
    public async Task A_pinned_point_stays_though_it_is_marked_and_an_immutable_one_keeps_its_very_packs()
    {
        (SampleRepository sample, RestorePoint other) = await MakeAsync();
        await new PointPins(sample.Repository).PinAsync(other.Id, default);
        await sample.MarkAsync(other);
        await sample.CollectAsync(CollectSample.WithoutRepacking);
        await sample.RequireGoodAsync();
        foreach (RestorePoint point in (await sample.Repository.ListPointsAsync()).Where(point => point.Id != other.Id))
        {
            await new PointPins(sample.Repository).HoldAsync(point.Id, DateTimeOffset.MaxValue, default);
        }

        IReadOnlyList<PackName> packs = sample.Packs(PackKind.Chunks);
        CollectReport report = await sample.CollectAsync(
            new CollectOptions { DeadPercentMax = 0, SmallPackCountMin = 1 });
        Assert.Equal(1, report.PacksRepacked); // the others' maps name the configuration file that its map pack holds
        Assert.Equal(2, packs.Intersect(sample.Packs(PackKind.Chunks)).Count());
        await sample.RequireGoodAsync();
    }

    [Theory]
    [InlineData("points/", true)]
    [InlineData("maps/", true)]
    [InlineData("packs/", false)]
    public async Task Where_anything_needed_cannot_be_read_nothing_is_deleted(string folder, bool isTwice)
    {
        (SampleRepository sample, RestorePoint other) = await MakeAsync();
        await sample.MarkAsync(other);
        string kept = sample.NamesIn("points/").Select(name => name.Path).First(name => !name.Contains(
            other.Id.ToString(), StringComparison.Ordinal))["points/".Length..];
        BlobName damaged = sample.NamesIn(folder).First(name => name.Path.Contains(kept, StringComparison.Ordinal));
        sample.Store[damaged] = [.. sample.Store[damaged].Select(value => (byte)(value ^ 1))];
        if (isTwice)
        {
            BlobName copy = new("mirror/" + damaged.Path);
            await sample.CollectAsync(new CollectOptions { DryRun = true }); // one copy is enough
            sample.Store[copy] = [.. sample.Store[copy].Select(value => (byte)(value ^ 1))];
        }

        IReadOnlyList<BlobName> before = sample.Store.Names;
        await Assert.ThrowsAsync<RepositoryDamagedException>(() =>
            sample.CollectAsync(CollectSample.WithoutRepacking));
        Assert.Equal(before, sample.Store.Names);
    }

    [Fact]
    public async Task Where_listings_may_be_late_only_a_single_host_collects()
    {
        (SampleRepository sample, RestorePoint other) = await MakeAsync();
        await sample.MarkAsync(other);
        sample.Store.ListingDoubt = "NFS";
        RepositoryUnusableException refusal = await Assert.ThrowsAsync<RepositoryUnusableException>(() =>
            sample.CollectAsync(CollectSample.WithoutRepacking));
        Assert.Contains("--single-host", refusal.Message, StringComparison.Ordinal);
        Assert.Single((await sample.CollectAsync(
            CollectSample.WithoutRepacking with { SingleHost = true })).PointsRemoved);
        await sample.RequireGoodAsync(other);
    }

    [Fact]
    public async Task A_recipe_keeps_what_it_names_and_a_dangling_one_is_ignored()
    {
        (SampleRepository sample, DeltaSample deltas) = await DeltaSample.CreateAsync();
        RestorePoint bases = await deltas.BackUpAsync([1, 2], vm: "bases");
        RestorePoint first = await deltas.BackUpAsync([6, 7], vm: "deltas");
        await sample.MarkAsync(bases);
        await sample.CollectAsync(CollectSample.WithoutRepacking);
        await sample.RequireGoodAsync(bases);
        await sample.BackUpAsync([6, 0], vm: "whole", store: CollectSample.StoreAgainAsync);
        await sample.MarkAsync(first);
        await sample.Store.DeleteAsync(
            new BlobName(deltas.Places[SampleRepository.IdOf(1)].Pack.BlobName), TestContext.Current.CancellationToken);
        await sample.CollectAsync(CollectSample.WithoutRepacking);
        await sample.RequireGoodAsync(bases, first);
        Assert.Single(sample.Packs(PackKind.Chunks));
    }

    private static async Task<(SampleRepository Sample, RestorePoint Other)> MakeAsync()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        RestorePoint first = await sample.BackUpAsync([1, 2, 3, 0, 4]);
        await sample.BackUpAsync([1, 2, 3, 5, 4], first);
        return (sample, await sample.BackUpAsync([6, 7, 0], vm: "other"));
    }

    /// <summary>What other files than packs took: a point and its copy, and its mark.</summary>
    private static long SmallBytesOf(CollectReport report) =>
        report.BytesFreed - (report.BytesBefore - report.BytesAfter);

    /// <summary>Does something at each step.</summary>
    private sealed class Told(Action step) : IProgress<CollectProgress>
    {
        public void Report(CollectProgress value) => step();
    }
}
