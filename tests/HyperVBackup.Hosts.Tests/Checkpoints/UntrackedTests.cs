using HyperVBackup.Format.Points;
using HyperVBackup.Hosts.Tests.Kit;
using HyperVBackup.Hosts.VirtualDisks;
using HyperVBackup.Operations.Backup;
using HyperVBackup.SimulatedHost;
using HyperVBackup.SimulatedHost.Machines;
using Xunit;

namespace HyperVBackup.Hosts.Tests.Checkpoints;

/// <summary>Machines of which the host tracks no changes.</summary>
public sealed class UntrackedTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(MachineKind.OldWithVhd, "configuration version 5.0")]
    [InlineData(MachineKind.TrackingOff, "tracks changes of none")]
    public async Task Without_leave_to_keep_a_checkpoint_each_backup_compares_and_nothing_is_left(
        MachineKind kind, string reason)
    {
        using World world = await World.MakeAsync(kind: kind);
        for (int run = 0; run < 3; run++)
        {
            BackupReport report = await world.BackupAsync();
            Assert.Equal(Consistency.Application, report.Point.Consistency);
            foreach (DiskPoint disk in report.Point.Disks)
            {
                Assert.Equal(run == 0 ? RestorePointKind.Full : RestorePointKind.Recovered, disk.Kind);
                Assert.Contains(run == 0 ? "" : reason, disk.LostReason);
            }

            Assert.DoesNotContain(world.Warnings, warning => warning.Contains("reference point"));
            world.RequireNothingLeft(ownReferencePoints: 0);
        }

        await RequireRightAsync(world, 3);
    }

    [Theory]
    [InlineData(MachineKind.OldWithVhd, false)]
    [InlineData(MachineKind.OldWithVhd, true)]
    [InlineData(MachineKind.TrackingOff, false)]
    [InlineData(MachineKind.TrackingOff, true)]
    public async Task With_the_checkpoint_kept_only_what_changed_is_read_and_that_one_checkpoint_is_left(
        MachineKind kind, bool isBusy)
    {
        using World world = await MakeKeepingAsync(kind, isBusy);
        for (int run = 0; run < 4; run++)
        {
            world.Machine.IsWriting = run != 3;
            BackupReport report = await world.BackupAsync();
            Assert.All(report.Point.Disks, disk => Assert.Equal(
                run == 0 ? RestorePointKind.Full : RestorePointKind.Incremental, disk.Kind));
            RequireOneKept(world);
        }

        RestorePoint still = (await world.BackupAsync()).Point; // nothing was written since
        Assert.All(still.Disks, disk => Assert.Equal(0, disk.Statistics.BytesChanged));
        await RequireRightAsync(world, 5);
        world.WithOptions = options => options with { KeepCheckpoints = false };
        RestorePoint last = (await world.BackupAsync()).Point;
        Assert.All(last.Disks, disk => Assert.Equal(RestorePointKind.Incremental, disk.Kind));
        world.RequireNothingLeft(ownReferencePoints: 0);
    }

    [Theory]
    [InlineData(MachineKind.OldWithVhd)]
    [InlineData(MachineKind.TrackingOff)]
    public Task A_kept_checkpoint_that_somebody_removed_means_lost(MachineKind kind) => LoseAsync(
        kind, world => world.Machine.RemoveCheckpoint(world.OwnCheckpointsLeft().Single()), "is gone from the host");

    [Theory]
    [InlineData(MachineKind.OldWithVhd)]
    [InlineData(MachineKind.TrackingOff)]
    public Task An_image_that_was_written_to_below_the_kept_checkpoint_means_lost(MachineKind kind) => LoseAsync(
        kind,
        world =>
        {
            foreach (SimulatedHost.Images.SimulatedDisk disk in world.Machine.Disks)
            {
                disk.WriteBaseOffline();
            }
        },
        "something was merged into it or wrote to it");

    [Theory]
    [InlineData(MachineKind.OldWithVhd)]
    [InlineData(MachineKind.TrackingOff)]
    public Task A_machine_that_was_taken_back_before_the_kept_checkpoint_means_lost(MachineKind kind)
    {
        SimulatedCheckpoint? users = null;
        return LoseAsync(
            kind,
            world => world.Machine.Apply(users!),
            "not in the disk's chain any more",
            world => world.KeepsOthers(users = world.Machine.CreateCheckpoint("By a user", false, world.Host.Now)));
    }

    [Theory]
    [InlineData(MachineKind.OldWithVhd)]
    [InlineData(MachineKind.TrackingOff)]
    public async Task What_users_do_above_the_kept_checkpoint_is_told_by_the_images(MachineKind kind)
    {
        using World world = await MakeKeepingAsync(kind);
        await world.BackupAsync();
        world.Host.Advance(TimeSpan.FromMinutes(1));
        SimulatedCheckpoint first = world.Machine.CreateCheckpoint("First", false, world.Host.Now);
        world.Host.Advance(TimeSpan.FromMinutes(1));
        SimulatedCheckpoint second = world.Machine.CreateCheckpoint("Second", false, world.Host.Now);
        world.Host.Advance(TimeSpan.FromMinutes(1));
        world.Machine.Apply(first);
        world.Machine.RemoveCheckpoint(second);
        world.KeepsOthers(first);
        RestorePoint point = (await world.BackupAsync()).Point;
        Assert.All(point.Disks, disk => Assert.Equal(RestorePointKind.Incremental, disk.Kind));
        await RequireRightAsync(world, 2);
    }

    [Fact]
    public async Task A_disk_that_was_resized_means_lost()
    {
        using World world = await MakeKeepingAsync(MachineKind.OldWithVhd);
        await world.BackupAsync();
        SimulatedCheckpoint kept = world.OwnCheckpointsLeft().Single();
        world.Machine.RemoveCheckpoint(kept);
        world.Machine.Disks[0].Resize(World.DiskBytes * 2);
        RestorePoint point = (await world.BackupAsync()).Point;
        Assert.Equal(RestorePointKind.Recovered, point.Disks[0].Kind);
        await RequireRightAsync(world, 2);
    }

    [Fact]
    public async Task A_machine_that_is_tracked_from_now_on_goes_over_to_reference_points()
    {
        using World world = await MakeKeepingAsync(MachineKind.TrackingOff);
        await world.BackupAsync();
        world.Machine.IsTracked = true;
        for (int run = 0; run < 3; run++)
        {
            RestorePoint point = (await world.BackupAsync()).Point;
            Assert.All(point.Disks, disk => Assert.Equal(RestorePointKind.Incremental, disk.Kind));
            world.RequireNothingLeft();
        }

        await RequireRightAsync(world, 4);
    }

    /// <summary>As Windows has it.</summary>
    [Theory]
    [InlineData(MachineKind.Tracked)]
    [InlineData(MachineKind.OldWithVhd)]
    public async Task An_image_that_a_running_machine_writes_is_asked_about_and_never_opened(MachineKind kind)
    {
        using World world = await World.MakeAsync(kind: kind);
        SimulatedProcess process = world.NewProcess();
        string path = world.Machine.Disks[0].Path;
        foreach (Action open in (Action[])[() => ((IVirtualDiskHost)process).Open(path), () => process.OpenChain(path)])
        {
            Assert.Contains("0x80070020", Assert.Throws<HostException>(open).Message);
        }

        Assert.Equal(world.Machine.Disks[0].Id, process.Look(path).DiskId);
        Assert.Equal(2, HostedMachine.Find(world.Options(), world.EnvironmentOf(process)).Disks.Count);
        await world.BackupAsync();
        await world.BackupAsync();
        await RequireRightAsync(world, 2);
        world.Machine.IsOff = true;
        ((IVirtualDiskHost)process).Open(path).Dispose();
    }

    /// <summary>The first reference point speaks of a later moment than its checkpoint: no id of it is
    /// recorded.</summary>
    [Theory]
    [InlineData(false, 3)]
    [InlineData(true, 3)]
    public async Task A_machine_whose_first_checkpoint_shows_no_tracking_has_one_converted_and_is_tracked_then(
        bool keepsCheckpoints, int runs)
    {
        using World world = await World.MakeAsync(kind: MachineKind.TrackedFromFirstPoint);
        world.Host.PlanFor = _ => new JobPlan();
        world.WithOptions = options => options with { KeepCheckpoints = keepsCheckpoints };
        RestorePointKind[] kinds = [RestorePointKind.Full, RestorePointKind.Recovered, RestorePointKind.Incremental];
        for (int run = 0; run < runs; run++)
        {
            RestorePoint point = (await world.BackupAsync()).Point;
            Assert.All(point.Disks, disk => Assert.Equal(kinds[run], disk.Kind));
            Assert.All(point.Disks, disk => Assert.Equal(run > 0, disk.TrackingId is not null));
            world.RequireNothingLeft();
            world.Host.Advance(TimeSpan.FromMinutes(1));
            Assert.NotNull(await world.TryBackupAsync(world.NewProcess(), () => throw new IOException("broken off")));
            world.RequireNothingLeft();
        }

        Assert.Empty(world.Warnings);
        await RequireRightAsync(world, runs);
    }

    /// <summary>A kill amid the changeover leaves a checkpoint that was kept beside the reference point that followed
    /// it.</summary>
    [Fact]
    public async Task A_kept_checkpoint_that_a_user_applied_after_the_changeover_means_lost()
    {
        using World world = await MakeKeepingAsync(MachineKind.TrackingOff);
        await world.BackupAsync();
        SimulatedCheckpoint kept = world.OwnCheckpointsLeft().Single();
        world.Machine.IsTracked = true;
        SimulatedProcess killed = world.NewProcess();
        killed.KilledAt = ("DestroySnapshot", false);
        await world.TryBackupAsync(killed);
        Assert.True(killed.IsDead);
        Assert.Equal(2, await world.CheckPointsAsync());
        world.Host.Advance(TimeSpan.FromMinutes(1));
        world.Machine.Apply(kept);
        world.Machine.IsWriting = false;
        SimulatedProcess broken = world.NewProcess();
        Assert.NotNull(await world.TryBackupAsync(broken, () => throw new IOException("broken off")));
        RestorePoint lost = (await world.BackupAsync()).Point;
        Assert.All(lost.Disks, disk => Assert.Contains("a checkpoint was applied", disk.LostReason));
        world.RequireNothingLeft();
        await RequireRightAsync(world, 3);
    }

    /// <summary>Before each second call of the host, the notes and the store.</summary>
    [Theory]
    [InlineData(MachineKind.OldWithVhd, 1)]
    [InlineData(MachineKind.TrackingOff, 2)]
    public async Task A_kill_at_any_call_leaves_one_kept_checkpoint_and_no_wrong_point(MachineKind kind, int first)
    {
        int incrementals = 0;
        int disks = 0;
        bool isKilled = true;
        int step = first;
        for (; isKilled; step += 2)
        {
            using World world = await MakeKeepingAsync(kind);
            await world.BackupAsync();
            SimulatedProcess killed = world.NewProcess();
            killed.KilledBefore = step;
            await world.TryBackupAsync(killed);
            isKilled = killed.Calls.Count >= step;
            world.Host.Advance(TimeSpan.FromMinutes(1));
            RestorePoint next = (await world.BackupAsync()).Point;
            incrementals += next.Disks.Count(disk => disk.Kind == RestorePointKind.Incremental);
            disks += next.Disks.Count;
            RequireOneKept(world);
            await world.CheckPointsAsync();
            Assert.Equal(0, world.WrongPoints);
        }

        output.WriteLine($"{step} steps, {incrementals} of {disks} disks incremental after a kill");
        Assert.True(incrementals > disks * 3 / 4);
    }

    private static async Task<World> MakeKeepingAsync(MachineKind kind, bool isBusy = false)
    {
        World world = await World.MakeAsync(kind: kind);
        if (isBusy)
        {
            world.KeepsOthers(world.Machine.CreateCheckpoint("By a user", false, world.Host.Now));
            world.MakeOthersCheckpoint();
        }

        world.WithOptions = options => options with { KeepCheckpoints = true };
        return world;
    }

    private static async Task LoseAsync(
        MachineKind kind, Action<World> lose, string reason, Action<World>? prepare = null)
    {
        using World world = await MakeKeepingAsync(kind);
        prepare?.Invoke(world);
        await world.BackupAsync();
        world.Host.Advance(TimeSpan.FromMinutes(1));
        lose(world);
        RestorePoint lost = (await world.BackupAsync()).Point;
        Assert.All(lost.Disks, disk => Assert.Equal(RestorePointKind.Recovered, disk.Kind));
        Assert.All(lost.Disks, disk => Assert.Contains(reason, disk.LostReason));
        RestorePoint next = (await world.BackupAsync()).Point;
        Assert.All(next.Disks, disk => Assert.Equal(RestorePointKind.Incremental, disk.Kind));
        RequireOneKept(world);
        await RequireRightAsync(world, 3);
    }

    private static void RequireOneKept(World world) => world.RequireNothingLeft(
        ownReferencePoints: 0, ownCheckpoints: 1);

    private static async Task RequireRightAsync(World world, int points)
    {
        Assert.Equal(points, await world.CheckPointsAsync());
        Assert.Equal(0, world.WrongPoints);
    }
}
