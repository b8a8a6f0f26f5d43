using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Maintenance;
using HyperVBackup.Repository.Maintenance.Collect;
using HyperVBackup.Repository.Maintenance.Explain;
using HyperVBackup.Repository.Maintenance.Prune;
using HyperVBackup.Repository.Pins;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maintenance.Collect;

/// <summary>Restore points of which only the second copy stands: lost, or collected long since.</summary>
public sealed class LostPointTests : IAsyncLifetime
{
    private readonly List<string> warnings = [];
    private SampleRepository sample = null!;
    private RestorePoint[] points = [];

    private RestorePoint Lost => points[0];

    public async ValueTask InitializeAsync()
    {
        sample = await SampleRepository.CreateAsync();
        points =
        [
            await sample.BackUpAsync([1, 2, 3]), await sample.BackUpAsync([5, 6], vm: "second"),
            await sample.BackUpAsync([7, 8], vm: "third"), await sample.BackUpAsync([9, 10], vm: "fourth"),
        ];
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task What_a_point_needs_stays_though_its_first_copy_is_lost_and_that_is_told()
    {
        byte[] file = await LoseAsync();
        await sample.MarkAsync(points[1]);
        IReadOnlyList<BlobName> before = NamesOf(Lost);
        CollectReport report = await CollectAsync();
        Assert.Equal([points[1].Id], report.PointsRemoved);
        Assert.Equal(before, NamesOf(Lost));
        string told = Assert.Single(warnings);
        Assert.Contains(FileNames.RestorePoint(Lost.Id), told, StringComparison.Ordinal);
        BackupRepository repository = await SampleRepository.OpenAsync(sample.Store);
        Damage damage = Assert.Single((await repository.NewVerification(new VerificationOptions())
            .RunAsync(new Silence<VerificationProgress>(), default)).Damage);
        Assert.Equal(FileNames.RestorePoint(Lost.Id), damage.File);
        sample.Store[new BlobName(FileNames.RestorePoint(Lost.Id))] = file;
        await sample.MarkAsync(points[2]);
        Assert.Single((await CollectAsync()).PointsRemoved);
        Assert.Single(warnings);
        await sample.RequireGoodAsync(points[1], points[2]);
    }

    /// <summary>Each old collection must be asked whether it deleted the points: once, not once a point.</summary>
    [Fact]
    public async Task Many_lost_points_cost_one_pass_over_old_collections()
    {
        await sample.MarkAsync(points[3]);
        await sample.CollectAsync(CollectSample.WithoutRepacking);
        foreach (RestorePoint point in points[..3])
        {
            await sample.Store.DeleteAsync(new BlobName(FileNames.RestorePoint(point.Id)), default);
        }

        int reads = 0;
        sample.Store.Before = call =>
            reads += call.Kind == StoreCallKind.Read && call.Name == FileNames.Retired(1) ? 1 : 0;
        BackupRepository repository = await SampleRepository.OpenAsync(sample.Store);
        reads = 0;
        Assert.Equal(3, (await repository.ListShownPointsAsync()).Count);
        int once = reads;
        await repository.NewVerification(new VerificationOptions())
            .RunAsync(new Silence<VerificationProgress>(), default);
        int ofAll = reads;
        foreach (RestorePoint point in points[1..3])
        {
            await sample.Store.DeleteAsync(new BlobName(FileNames.RestorePointMirror(point.Id)), default);
        }

        reads = 0;
        Assert.Single(await repository.ListShownPointsAsync());
        Assert.Equal(once, reads);
        await repository.NewVerification(new VerificationOptions())
            .RunAsync(new Silence<VerificationProgress>(), default);
        Assert.Equal(ofAll, reads);
    }

    [Fact]
    public async Task A_point_that_lost_its_first_copy_restores_by_its_id_unless_it_was_pruned()
    {
        await LoseAsync();
        BackupRepository repository = await SampleRepository.OpenAsync(sample.Store);
        Assert.DoesNotContain(await repository.ListPointsAsync(), point => point.Id == Lost.Id);
        Assert.Contains(await repository.ListShownPointsAsync(), point => point.Id == Lost.Id);
        await RequireReadsAsync();
        await sample.CollectAsync(CollectSample.WithoutRepacking);
        await RequireReadsAsync();
        await sample.MarkAsync(Lost);
        Assert.DoesNotContain(await repository.ListShownPointsAsync(), point => point.Id == Lost.Id);
        await sample.BackUpAsync([20], vm: "cleans");
        Assert.Equal([Lost.Id], (await CollectAsync()).PointsRemoved);
        Assert.Empty(NamesOf(Lost));
        await sample.RequireGoodAsync(Lost);
    }

    [Fact]
    public async Task A_point_that_lost_its_first_copy_is_listed_with_a_warning_pinned_pruned_and_explained()
    {
        await LoseAsync();
        List<string> told = [];
        BackupRepository repository = await BackupRepository.OpenAsync(
            sample.Store, CollectSample.NewEnvironment() with { Warn = told.Add }, default);
        Assert.Contains(await repository.ListShownPointsAsync(), point => point.Id == Lost.Id);
        Assert.Contains(Lost.Id.ToString(), Assert.Single(told), StringComparison.Ordinal);

        RetentionPolicy policy = new(new Dictionary<RetentionRule, int> { [RetentionRule.Last] = 1 }, TimeZoneInfo.Utc);
        PrunePlan plan = await new Pruning(repository, new PruneOptions { Policy = policy, MeasureSpace = true })
            .PlanAsync(new Silence<CollectProgress>(), default);
        Assert.Contains(plan.Decisions, decision => decision.Point.Id == Lost.Id);
        Assert.NotNull(plan.Space);

        PointExplanation explained = await new Explanation(repository).ExplainPointAsync(
            Lost, new Silence<CollectProgress>(), default);
        Assert.NotNull(explained.Space);

        await new PointPins(repository).PinAsync(Lost.Id, default);
        await sample.MarkAsync(Lost);
        Assert.Empty((await CollectAsync()).PointsRemoved);
        Assert.Contains(await repository.ListShownPointsAsync(), point => point.Id == Lost.Id);
    }

    [Fact]
    public async Task A_pin_holds_a_point_that_lost_its_first_copy()
    {
        PointPins pins = new(sample.Repository);
        await pins.PinAsync(Lost.Id, default);
        await sample.MarkAsync(Lost);
        byte[] file = await LoseAsync();
        await pins.SweepAsync(await sample.Repository.ListPointsAsync(), default, default);
        Assert.Empty((await CollectAsync()).PointsRemoved);
        sample.Store[new BlobName(FileNames.RestorePoint(Lost.Id))] = file;
        await sample.RequireGoodAsync();
    }

    /// <summary>A session that slept between the two copies puts the second one when the point has been collected long
    /// since; a collector that slept puts a fence there; and what the collection decided may be lost.</summary>
    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public async Task A_second_copy_that_comes_after_its_point_was_collected_holds_nothing_up(
        bool isFenced, bool isDecisionLost)
    {
        BlobName second = new(FileNames.RestorePointMirror(points[1].Id));
        byte[] copy = sample.Store[second];
        await CollectAsync(points[1]);
        await CollectAsync(points[2]);
        sample.Store[second] = copy;
        Assert.True(!isFenced || await new CommitName(
            sample.Store, sample.Repository.Id, points[1].Id).TryFenceAsync(default));
        if (isDecisionLost)
        {
            await sample.Store.DeleteAsync(new BlobName(FileNames.Retired(1)), default);
        }

        await CollectAsync(points[3]);
        Assert.Empty(warnings);
        BackupRepository repository = await SampleRepository.OpenAsync(sample.Store);
        Assert.DoesNotContain(await repository.ListAllPointsAsync(), point => point.Id == points[1].Id);
        await sample.BackUpAsync([1, 20], vm: "cleans");
        Assert.Equal(isFenced, sample.Store.Names.Contains(second));
        await (isDecisionLost
            ? sample.RequireNothingLostAsync(points[1..])
            : sample.RequireGoodAsync(points[1..]));
    }

    [Fact]
    public async Task A_point_whose_second_copy_is_yet_to_come_is_a_point_like_any_other()
    {
        await sample.Store.DeleteAsync(new BlobName(FileNames.RestorePointMirror(Lost.Id)), default);
        await CollectAsync(points[1]);
        Assert.Empty(warnings);
        await sample.BackUpAsync([1, 20], vm: "puts the copy");
        await sample.RequireGoodAsync(points[1]);
    }

    /// <returns>What the file held.</returns>
    private async Task<byte[]> LoseAsync()
    {
        BlobName first = new(FileNames.RestorePoint(Lost.Id));
        byte[] file = sample.Store[first];
        await sample.Store.DeleteAsync(first, default);
        return file;
    }

    private async Task CollectAsync(RestorePoint point)
    {
        await sample.MarkAsync(point);
        Assert.Equal([point.Id], (await CollectAsync()).PointsRemoved);
    }

    private Task<CollectReport> CollectAsync() => sample.CollectAsync(
        CollectSample.WithoutRepacking, CollectSample.NewEnvironment() with { Warn = warnings.Add });

    private async Task RequireReadsAsync() => Assert.True(await SampleRepository.ReadsRightAsync(
        await SampleRepository.OpenAsync(sample.Store), Lost.Id, sample.Disks[Lost.Id]));

    private List<BlobName> NamesOf(RestorePoint point) =>
        [.. sample.Store.Names.Where(name => name.Path.Contains(point.Id.ToString(), StringComparison.Ordinal))];
}
