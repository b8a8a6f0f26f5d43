using HyperVBackup.Disks;
using HyperVBackup.Format.Points;
using HyperVBackup.Hosts.Tests.Kit;
using HyperVBackup.SimulatedHost;
using Xunit;

namespace HyperVBackup.Hosts.Tests.Checkpoints;

/// <summary>What other programs, other repositories and users have on a machine stays.</summary>
public sealed class OthersTests
{
    [Fact]
    public async Task Another_repositorys_checkpoint_and_others_reference_points_stay()
    {
        using World world = await World.MakeAsync();
        await world.BackupAsync();
        world.MakeOthersCheckpoint("HyperVBackup another-repository 0123456789abcdef");
        world.MakeOthersReferencePoint();
        for (int run = 0; run < 2; run++)
        {
            RestorePoint point = (await world.BackupAsync()).Point;
            Assert.All(point.Disks, disk => Assert.Equal(RestorePointKind.Incremental, disk.Kind));
            world.RequireNothingLeft();
        }

        Assert.Equal(3, await world.CheckPointsAsync());
        Assert.Equal(0, world.WrongPoints);
    }

    [Fact]
    public async Task A_checkpoint_of_ours_is_known_by_its_name_where_the_notes_are_gone()
    {
        using World world = await World.MakeAsync();
        await KillAtAsync(world, "read disk", isAfter: false);
        Assert.Single(world.Machine.Checkpoints);
        world.Host.Notes.Clear();
        world.KeepsOthers(world.Machine.ReferencePoints.Single()); // reference points have no names
        await world.BackupAsync();
        world.RequireNothingLeft();
    }

    [Fact]
    public async Task A_checkpoint_that_came_long_after_ours_was_asked_for_is_not_taken_for_it()
    {
        using World world = await World.MakeAsync();
        await KillAtAsync(world, "CreateSnapshot", isAfter: false);
        world.Host.Advance(TimeSpan.FromMinutes(11));
        world.MakeOthersCheckpoint("Accounts - (backup)");
        await world.BackupAsync();
        world.RequireNothingLeft();
        Assert.Contains(world.Warnings, warning => warning.Contains("may be left of a backup of ours"));
    }

    [Fact]
    public async Task Of_two_checkpoints_without_a_mark_none_is_taken_for_ours()
    {
        using World world = await World.MakeAsync();
        await KillAtAsync(world, "CreateSnapshot", isAfter: false);
        world.MakeOthersCheckpoint("Accounts - (backup)");
        world.MakeOthersCheckpoint("Accounts - (backup)");
        await world.BackupAsync();
        world.RequireNothingLeft();
        Assert.Contains(world.Warnings, warning => warning.Contains("may be left of a backup of ours"));
    }

    [Fact]
    public async Task A_reference_point_that_others_made_meanwhile_is_not_taken_for_the_one_of_ours()
    {
        using World world = await World.MakeAsync();
        await KillAtAsync(world, "ConvertToReferencePoint", isAfter: true);
        world.Host.Advance(TimeSpan.FromMinutes(1));
        world.MakeOthersReferencePoint();
        world.MakeOthersReferencePoint();
        await world.BackupAsync();
        world.RequireNothingLeft();
    }

    [Fact]
    public async Task A_machine_that_is_being_backed_up_is_refused_to_a_second_backup()
    {
        using World world = await World.MakeAsync();
        await world.BackupAsync(world.NewProcess(), () =>
        {
            SimulatedProcess second = world.NewProcess();
            HostedMachine machine = HostedMachine.Find(world.Options(), world.EnvironmentOf(second));
            DiskImageException refusal = Assert.Throws<DiskImageException>(machine.Disks[0].Source.Open);
            Assert.Contains("Another backup of the machine goes on", refusal.Message);
            second.Kill();
        });
        world.RequireNothingLeft();
        Assert.Equal(1, await world.CheckPointsAsync());
        Assert.Equal(0, world.WrongPoints);
    }

    /// <summary>Backs up once, then again in a process that is killed at a call.</summary>
    private static async Task KillAtAsync(World world, string call, bool isAfter)
    {
        world.Host.PlanFor = _ => new JobPlan();
        await world.BackupAsync();
        SimulatedProcess killed = world.NewProcess();
        killed.KilledAt = (call, isAfter);
        Assert.NotNull(await world.TryBackupAsync(killed));
        Assert.True(killed.IsDead);
        world.Host.PlanFor = _ => null;
    }
}
