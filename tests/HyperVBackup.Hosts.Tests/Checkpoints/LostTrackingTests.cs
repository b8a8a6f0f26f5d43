using HyperVBackup.Format.Points;
using HyperVBackup.Hosts.Tests.Kit;
using HyperVBackup.Operations.Backup;
using HyperVBackup.SimulatedHost.Images;
using HyperVBackup.SimulatedHost.Machines;
using Xunit;

namespace HyperVBackup.Hosts.Tests.Checkpoints;

/// <summary>When what the host tracked is not believed: then the disk is compared by checksum, and the point is right
/// all the same.</summary>
public sealed class LostTrackingTests
{
    [Theory]
    [InlineData(0xC03A0029)]
    [InlineData(0xC03A002A)]
    [InlineData(0xC03A0030)]
    [InlineData(0x80070057)]
    public Task Any_error_that_the_host_answers_means_lost(uint code) => LoseAsync(
        world => world.Host.ChangeError = code, $"0x{code:X8}", world => world.Host.ChangeError = 0);

    [Fact]
    public Task An_answer_without_progress_means_lost() => LoseAsync(
        world => world.Host.AnsweredBytesMax = 0, "gives no answer from byte",
        world => world.Host.AnsweredBytesMax = long.MaxValue);

    [Fact]
    public Task Tracking_that_another_program_began_anew_means_lost() => LoseAsync(
        world => All(world, disk => disk.ResetTracking()), "does not know the tracking id");

    [Fact]
    public Task A_reference_point_that_somebody_removed_means_lost() => LoseAsync(
        world =>
        {
            world.Machine.IdsOutliveReferencePoints = true;
            world.Machine.Destroy(world.Machine.ReferencePoints[^1]);
        },
        "our reference point is gone");

    [Fact]
    public Task Resized_disks_mean_lost() => LoseAsync(
        world => All(world, disk => disk.Resize(World.DiskBytes * 2)), "was resized");

    [Fact]
    public Task A_checkpoint_that_a_user_applied_means_lost()
    {
        SimulatedCheckpoint? checkpoint = null;
        return LoseAsync(
            world =>
            {
                world.Machine.Apply(checkpoint!);
                world.Machine.RemoveCheckpoint(world.Machine.CreateCheckpoint("later", false, world.Host.Now));
            },
            "a checkpoint was applied",
            prepare: world =>
            {
                checkpoint = world.Machine.CreateCheckpoint("Before the update", false, world.Host.Now);
                world.KeepsOthers(checkpoint);
            });
    }

    [Fact]
    public Task A_checkpoint_that_a_user_applied_and_removed_means_lost()
    {
        SimulatedCheckpoint? checkpoint = null;
        return LoseAsync(
            world =>
            {
                world.Machine.Apply(checkpoint!);
                world.Machine.RemoveCheckpoint(checkpoint!);
                world.ForgetsOthers(checkpoint!);
            },
            "a checkpoint is gone that was there",
            prepare: world =>
            {
                checkpoint = world.Machine.CreateCheckpoint("Before the update", false, world.Host.Now);
                world.KeepsOthers(checkpoint);
            });
    }

    [Fact]
    public Task A_checkpoint_that_a_user_applies_again_means_lost()
    {
        SimulatedCheckpoint? checkpoint = null;
        return LoseAsync(
            world => world.Machine.Apply(checkpoint!),
            "the disk's image is another one",
            prepare: world =>
            {
                checkpoint = world.Machine.CreateCheckpoint("Before the lesson", false, world.Host.Now);
                world.KeepsOthers(checkpoint);
                world.Machine.Apply(checkpoint);
            });
    }

    [Fact]
    public async Task A_checkpoint_that_came_and_went_since_is_no_reason_to_compare()
    {
        using World world = await World.MakeAsync();
        await world.BackupAsync();
        SimulatedCheckpoint later = world.Machine.CreateCheckpoint("Before the update", false, world.Host.Now);
        world.Host.Advance(TimeSpan.FromMinutes(1));
        world.Machine.Apply(later);
        world.Machine.RemoveCheckpoint(later);
        RestorePoint point = (await world.BackupAsync()).Point;
        Assert.All(point.Disks, disk => Assert.Equal(RestorePointKind.Incremental, disk.Kind));
        await RequireRightAsync(world);
    }

    [Fact]
    public Task Notes_that_are_damaged_mean_lost() => LoseAsync(
        world =>
        {
            world.Host.Notes[world.Host.Notes.Keys.Single()] = "{\"Stage\":";
            world.KeepsOthers(world.Machine.ReferencePoints[^1]); // nothing knows it for ours any more
        },
        "is damaged", warning: "cannot be read");

    [Fact]
    public Task Notes_that_are_gone_mean_lost() => LoseAsync(
        world =>
        {
            world.Host.Notes.Clear();
            world.KeepsOthers(world.Machine.ReferencePoints[^1]);
        },
        "no reference point of ours");

    [Fact]
    public async Task A_reference_point_whose_lists_do_not_fit_gives_no_tracking_id_and_the_next_backup_is_lost()
    {
        using World world = await World.MakeAsync();
        await world.BackupAsync();
        world.Host.LeavesIdOut = true;
        BackupReport report = await world.BackupAsync();
        Assert.All(report.Point.Disks, disk => Assert.Null(disk.TrackingId));
        Assert.Contains(world.Warnings, warning => warning.Contains("names 2 disks and 1 tracking ids"));
        world.RequireNothingLeft(ownReferencePoints: 0);
        world.Host.LeavesIdOut = false;
        await RequireLostThenIncrementalAsync(world, "does not say of which disk");
    }

    [Fact]
    public async Task A_write_that_tracking_does_not_see_is_found_by_the_audit_and_the_disk_is_compared()
    {
        using World world = await World.MakeAsync();
        world.Machine.IsWriting = false;
        await world.BackupAsync();
        world.Machine.Disks[0].IsBlind = true;
        world.Machine.Disks[0].WriteRandomly(3);
        world.AuditPercent = 100;
        BackupReport report = await world.BackupAsync();
        Assert.Equal(RestorePointKind.Recovered, report.Point.Disks[0].Kind);
        Assert.Equal(RestorePointKind.Incremental, report.Point.Disks[1].Kind);
        Assert.Single(report.Findings);
        await RequireRightAsync(world);
    }

    [Fact]
    public async Task After_a_power_loss_more_is_reported_than_changed_and_the_point_is_right()
    {
        using World world = await World.MakeAsync();
        await world.BackupAsync();
        world.Machine.Disks[0].WriteRandomly(1);
        world.Host.LosePower();
        BackupReport report = await world.BackupAsync();
        Assert.All(report.Point.Disks, disk => Assert.Equal(RestorePointKind.Incremental, disk.Kind));
        Assert.Equal(World.DiskBytes, report.Point.Disks[0].Statistics.BytesRead);
        await RequireRightAsync(world);
    }

    [Fact]
    public async Task Answers_in_parts_are_asked_for_to_their_end()
    {
        using World world = await World.MakeAsync();
        world.Host.AnsweredBytesMax = 48 << 10;
        for (int run = 0; run < 3; run++)
        {
            BackupReport report = await world.BackupAsync();
            Assert.All(report.Point.Disks, disk => Assert.Equal(
                run == 0 ? RestorePointKind.Full : RestorePointKind.Incremental, disk.Kind));
        }

        await RequireRightAsync(world);
    }

    [Fact]
    public async Task Disks_are_known_by_identity_when_others_are_added_removed_or_moved()
    {
        using World world = await World.MakeAsync();
        await world.BackupAsync();
        SimulatedDisk system = world.Machine.Disks[0];
        SimulatedDisk data = world.Machine.Disks[1];
        world.Machine.RemoveDisk(system);
        data.MoveTo(Path.Join(Path.GetDirectoryName(data.Path), "elsewhere.vhdx"));
        world.Machine.AddDisk("archive", World.DiskBytes).WriteRandomly(5);
        RestorePoint point = (await world.BackupAsync()).Point;
        Assert.Equal(
            [("elsewhere", RestorePointKind.Incremental), ("archive", RestorePointKind.Full)],
            point.Disks.Select(disk => (disk.Name, disk.Kind)));
        await RequireRightAsync(world);
    }

    [Fact]
    public async Task Copies_that_share_an_identity_are_never_taken_for_each_other()
    {
        using World world = await World.MakeAsync();
        world.Machine.IsWriting = false;
        world.Machine.AddDisk("copy", World.DiskBytes, world.Machine.Disks[0].Id).WriteRandomly(9);
        for (int run = 0; run < 2; run++)
        {
            world.Machine.Disks[2].WriteRandomly(2);
            RestorePoint point = (await world.BackupAsync()).Point;
            Assert.Null(point.Disks[0].TrackingId);
            Assert.Null(point.Disks[2].TrackingId);
            Assert.NotNull(point.Disks[1].TrackingId);
            for (int disk = 0; disk < 3; disk++)
            {
                Assert.Equal(world.Machine.Disks[disk].ReadAll(), await world.ReadAsync(point, point.Disks[disk]));
            }
        }
    }

    private static async Task LoseAsync(
        Action<World> lose, string reason, Action<World>? mend = null, Action<World>? prepare = null,
        string? warning = null)
    {
        using World world = await World.MakeAsync();
        prepare?.Invoke(world);
        await world.BackupAsync();
        world.Host.Advance(TimeSpan.FromMinutes(1));
        lose(world);
        await RequireLostThenIncrementalAsync(world, reason, mend);
        Assert.True(warning is null || world.Warnings.Exists(told => told.Contains(warning)));
    }

    private static async Task RequireLostThenIncrementalAsync(World world, string reason, Action<World>? mend = null)
    {
        RestorePoint lost = (await world.BackupAsync()).Point;
        Assert.All(lost.Disks, disk => Assert.Equal(RestorePointKind.Recovered, disk.Kind));
        Assert.All(lost.Disks, disk => Assert.Contains(reason, disk.LostReason));
        mend?.Invoke(world);
        world.Host.Advance(TimeSpan.FromMinutes(1));
        RestorePoint next = (await world.BackupAsync()).Point;
        Assert.All(next.Disks, disk => Assert.Equal(RestorePointKind.Incremental, disk.Kind));
        await RequireRightAsync(world);
    }

    private static async Task RequireRightAsync(World world)
    {
        world.RequireNothingLeft();
        await world.CheckPointsAsync();
        Assert.Equal(0, world.WrongPoints);
    }

    private static void All(World world, Action<SimulatedDisk> act)
    {
        foreach (SimulatedDisk disk in world.Machine.Disks)
        {
            act(disk);
        }
    }
}
