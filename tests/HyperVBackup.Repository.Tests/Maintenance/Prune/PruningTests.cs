using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maintenance.Prune;
using HyperVBackup.Repository.Pins;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maintenance.Prune;

public sealed class PruningTests
{
    [Fact]
    public async Task Points_that_no_rule_keeps_are_marked_and_nothing_else_is_changed()
    {
        PruneSample sample = await PruneSample.CreateAsync();
        RestorePoint[] points = await sample.BackUpDaysAsync(5);
        int blobCount = sample.Sample.Store.Names.Count;
        PrunePlan plan = await sample.RunAsync(sample.Prune(RetentionRule.Daily, 2));
        Assert.Equal(points[..3].Select(point => point.Id), PruneSample.Going(plan));
        Assert.Equal(points[..3].Select(point => point.Id).Order(), (await sample.MarkedAsync()).Order());
        Assert.Equal(blobCount + 3, sample.Sample.Store.Names.Count);
        Assert.Equal(
            points[3..].Select(point => point.Id),
            (await sample.Repository.ListShownPointsAsync()).Select(point => point.Id));
        Assert.Equal(0, (await sample.RunAsync(sample.Prune(RetentionRule.Daily, 2))).GoingCount);
    }

    [Fact]
    public async Task A_plan_writes_nothing_and_gives_every_reason()
    {
        PruneSample sample = await PruneSample.CreateAsync();
        RestorePoint[] points = await sample.BackUpDaysAsync(3);
        await sample.Pins.PinAsync(points[0].Id, default);
        CallLog log = new(sample.Sample.Store);
        PrunePlan plan = await PruneSample.PlanAsync(sample.Prune(RetentionRule.Daily, 1, measure: true));
        Assert.DoesNotContain(log.Calls, call => call.Kind is StoreCallKind.Put or StoreCallKind.Create);
        Assert.Equal([false, true, false], plan.Decisions.Select(decision => decision.Goes));
        Assert.Equal(
            ["pinned", "2026-11-21 is not among the last 1 days with a point", "newest of 2026-11-22, 1 of 1 days"],
            plan.Decisions.Select(decision => Assert.Single(decision.Reasons).ToString()));
    }

    [Fact]
    public async Task Each_vm_has_its_own_points_and_one_may_be_pruned_alone()
    {
        PruneSample sample = await PruneSample.CreateAsync();
        RestorePoint[] first = await sample.BackUpDaysAsync(3);
        RestorePoint[] second = await sample.BackUpDaysAsync(2, "other");
        PrunePlan all = await PruneSample.PlanAsync(sample.Prune(RetentionRule.Last, 1));
        Assert.Equal(
            [second[0].Id, first[0].Id, first[1].Id], PruneSample.Going(all));
        PrunePlan one = await sample.RunAsync(sample.Prune(RetentionRule.Last, 1, vm: "OTHER"));
        Assert.Equal(2, one.Decisions.Count);
        Assert.Equal([second[0].Id], await sample.MarkedAsync());
    }

    [Fact]
    public async Task What_is_immutable_is_never_marked_not_even_by_force()
    {
        PruneSample sample = await PruneSample.CreateAsync();
        RestorePoint[] points = await sample.BackUpDaysAsync(3);
        await sample.Pins.HoldAsync(points[1].Id, sample.Clock.Now.AddDays(5), default);
        Assert.Equal([points[0].Id], await GoingAsync(sample));
        await sample.Pins.HoldAsync(default, sample.Clock.Now.AddDays(2), default);
        Assert.Empty(await GoingAsync(sample));
        sample.Clock.Now = sample.Clock.Now.AddDays(3);
        await sample.BackUpAsync([7], points[2]);
        Assert.Equal([points[0].Id, points[2].Id], await GoingAsync(sample));

        static async Task<SessionId[]> GoingAsync(PruneSample sample) => [.. PruneSample.Going(
            await PruneSample.PlanAsync(sample.Prune(RetentionRule.Last, 1, force: true)))];
    }

    [Fact]
    public async Task Clocks_far_past_all_that_is_known_prune_nothing_that_was_immutable_without_force()
    {
        PruneSample sample = await PruneSample.CreateAsync();
        RestorePoint[] points = await sample.BackUpDaysAsync(3);
        await sample.Pins.HoldAsync(points[0].Id, sample.Clock.Now.AddDays(50), default);
        sample.Clock.Now = sample.Clock.Now.AddDays(60);
        Pruning pruning = sample.Prune(RetentionRule.Last, 1);
        PrunePlan plan = await PruneSample.PlanAsync(pruning);
        Assert.Equal([points[1].Id], PruneSample.Going(plan));
        PinRefusedException refusal =
            await Assert.ThrowsAsync<PinRefusedException>(() => pruning.ExecuteAsync(plan, default));
        Assert.Contains("set forward", refusal.Message, StringComparison.Ordinal);
        Assert.Empty(await sample.MarkedAsync());
        await sample.RunAsync(sample.Prune(RetentionRule.Last, 1, force: true));
        Assert.Equal(points[..2].Select(point => point.Id).Order(), (await sample.MarkedAsync()).Order());
        Assert.Empty(sample.Sample.NamesIn(FileNames.PinFolder));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_last_point_that_can_be_read_stays(bool isNewestLost)
    {
        PruneSample sample = await PruneSample.CreateAsync();
        RestorePoint[] points = await sample.BackUpDaysAsync(4);
        RestorePoint good = points[isNewestLost ? 2 : 3];
        if (isNewestLost)
        {
            sample.LoseMap(points[3]);
        }

        PrunePlan none = await PruneSample.PlanAsync(sample.Prune(RetentionRule.Last, 0));
        Assert.Equal(points.Except([good]).Select(point => point.Id), PruneSample.Going(none));
        Assert.Equal(
            PruneReasonKind.LastGood,
            Assert.Single(none.Decisions.Single(decision => !decision.Goes).Reasons).Kind);
        PrunePlan one = await PruneSample.PlanAsync(sample.Prune(RetentionRule.Last, 1));
        Assert.Equal(points.Except([good, points[3]]).Select(point => point.Id), PruneSample.Going(one));
        PrunePlan forced = await PruneSample.PlanAsync(sample.Prune(RetentionRule.Last, 0, force: true));
        Assert.Equal(4, forced.GoingCount);
    }

    /// <summary>A backup that ran beside the one that caught the source knows nothing of it.</summary>
    [Fact]
    public async Task The_only_point_that_knows_of_an_open_catch_stays_until_a_newer_one_that_stays_knows_of_it()
    {
        PruneSample sample = await PruneSample.CreateAsync();
        RestorePoint first = await sample.BackUpAsync([1]);
        RestorePoint caught = await sample.BackUpAsync([1, 2], first, audit: id => Open(new SourceCatch(id, 0)));
        RestorePoint beside = await sample.BackUpAsync([1, 3], caught);
        PrunePlan plan = await PruneSample.PlanAsync(sample.Prune(RetentionRule.Last, 1, force: true));
        Assert.Equal([first.Id], PruneSample.Going(plan));
        Assert.Contains(
            "'disk' was caught", Assert.Single(plan.Decisions[1].Reasons).ToString(), StringComparison.Ordinal);
        SourceCatch open = new(caught.Id, 0);
        RestorePoint knowing = await sample.BackUpAsync([1, 4], beside, audit: _ => Open(open));
        Assert.Equal(
            [first.Id, caught.Id, beside.Id],
            PruneSample.Going(await PruneSample.PlanAsync(sample.Prune(RetentionRule.Last, 1))));
        await sample.BackUpAsync(
            [1, 5], knowing, audit: _ => new DiskAudit { Trust = SourceTrust.Restored, EndedCatches = [open] });
        Assert.Equal(
            [first.Id, caught.Id, beside.Id, knowing.Id],
            PruneSample.Going(await PruneSample.PlanAsync(sample.Prune(RetentionRule.Last, 1))));
        Assert.Equal(
            5, (await PruneSample.PlanAsync(sample.Prune(RetentionRule.Last, 0, force: true))).GoingCount);

        static DiskAudit Open(SourceCatch open) =>
            new() { Trust = SourceTrust.Distrusted, OpenCatches = [open] };
    }

    [Fact]
    public async Task A_pinned_point_counts_as_any_other_and_a_point_pinned_and_marked_is_still_there()
    {
        PruneSample sample = await PruneSample.CreateAsync();
        RestorePoint[] points = await sample.BackUpDaysAsync(4);
        await sample.Pins.PinAsync(points[3].Id, default);
        PrunePlan plan = await sample.RunAsync(sample.Prune(RetentionRule.Last, 2));
        Assert.Equal([points[0].Id, points[1].Id], PruneSample.Going(plan));
        await sample.Pins.PinAsync(points[2].Id, default);
        sample.Sample.Store[new(FileNames.PruneMark(points[2].Id))] = [];
        PrunePlan again = await PruneSample.PlanAsync(sample.Prune(RetentionRule.Last, 1));
        Assert.Equal([points[2].Id, points[3].Id], again.Decisions.Select(decision => decision.Point.Id));
        Assert.Equal(0, again.GoingCount);
    }

    [Fact]
    public async Task Pins_that_mean_nothing_any_more_are_swept_away()
    {
        PruneSample sample = await PruneSample.CreateAsync();
        RestorePoint[] points = await sample.BackUpDaysAsync(3);
        await sample.Pins.HoldAsync(points[0].Id, sample.Clock.Now.AddHours(1), default);
        await sample.Pins.HoldAsync(points[1].Id, sample.Clock.Now.AddDays(9), default);
        await sample.Pins.PinAsync(points[1].Id, default);
        await sample.Pins.PinAsync(points[2].Id, default);
        await sample.Sample.Store.DeleteAsync(new(FileNames.RestorePoint(points[2].Id)), default);
        await sample.Sample.Store.DeleteAsync(new(FileNames.RestorePointMirror(points[2].Id)), default);
        sample.Clock.Now = sample.Clock.Now.AddHours(2);
        await sample.RunAsync(sample.Prune(RetentionRule.Last, 9));
        Assert.Equal(2, sample.Sample.NamesIn(FileNames.PinFolder).Count);
        Assert.Equal(2, (await sample.Pins.ReadAsync(default)).Of(points[1].Id).Count);
    }
}
