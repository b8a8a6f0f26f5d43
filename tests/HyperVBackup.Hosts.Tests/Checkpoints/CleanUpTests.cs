using HyperVBackup.Hosts.Checkpoints;
using HyperVBackup.Hosts.Tests.Kit;
using HyperVBackup.SimulatedHost;
using Xunit;

namespace HyperVBackup.Hosts.Tests.Checkpoints;

/// <summary>What comes between a checkpoint and its end.</summary>
public sealed class CleanUpTests
{
    [Fact]
    public async Task A_checkpoint_that_somebody_removed_while_it_was_read_makes_no_restore_point()
    {
        using World world = await World.MakeAsync();
        await world.BackupAsync();
        world.Machine.RemovesOpenImages = true;

        Exception? end = await world.TryBackupAsync(
            world.NewProcess(), () => world.Machine.RemoveCheckpoint(world.OwnCheckpointsLeft().Single()));

        Assert.Contains("was removed by somebody else", Assert.IsType<HostException>(end).Message);
        Assert.Single(await world.PointsAsync());
        await world.BackupAsync();
        world.RequireNothingLeft();
        Assert.Equal(2, await world.CheckPointsAsync());
        Assert.Equal(0, world.WrongPoints);
    }

    [Fact]
    public async Task Where_the_host_began_to_track_anew_nothing_starts_from_a_reference_point_before_that()
    {
        using World world = await World.MakeAsync();
        HeldPoint before = new("before", null, [], [new HeldDisk("disk", "id1", 1, 512, "file")]);
        HeldPoint beginning = new("beginning", null, [], []) { IsBeginning = true };
        HeldPoint after = new("after", null, [], [new HeldDisk("disk", "id2", 1, 512, "file")]);
        Assert.Equal("before", NewestOfUse(world, before));
        Assert.Equal("beginning", NewestOfUse(world, before, beginning));
        Assert.Equal("after", NewestOfUse(world, before, beginning, after));
    }

    [Fact]
    public async Task Where_the_time_for_cleaning_up_ends_too_the_first_failure_is_told_and_what_is_left_is_warned_of()
    {
        using World world = await World.MakeAsync();
        await world.BackupAsync();
        world.Host.PlanFor = _ => new JobPlan { Duration = TimeSpan.FromSeconds(2) };
        world.WithEnvironment = environment => environment with { Waiter = new Impatient(environment.Waiter) };
        SimulatedProcess process = world.NewProcess();

        Exception? end = await world.TryBackupAsync(
            process, () => throw new HostException("The disk cannot be read."));

        Assert.Contains("cannot be read", $"{end?.Message} {end?.InnerException?.Message}");
        Assert.Contains(world.Warnings, warning => warning.EndsWith("The next backup takes away what is left."));
        Assert.Single(world.OwnCheckpointsLeft());
        world.WithEnvironment = environment => environment;
        world.Host.Advance(TimeSpan.FromMinutes(1));
        await world.BackupAsync();
        world.RequireNothingLeft();
        await world.CheckPointsAsync();
        Assert.Equal(0, world.WrongPoints);
    }

    private static string? NewestOfUse(World world, params HeldPoint[] held)
    {
        SimulatedProcess process = world.NewProcess();
        HostEnvironment environment = process.NewEnvironment(_ => true);
        using (ICheckpointJournal journal = process.Open("owner", world.Machine.Id))
        {
            journal.Write(new CheckpointNotes { Held = held }.ToText());
        }

        using CycleJournal notes = CycleJournal.Open(process, "owner", world.Machine.Id, _ => { });
        CycleContext context = new(world.Options(), environment, notes);
        return new Leftovers(context, new HostCalls(context)).NewestOfUse()?.InstanceId;
    }

    /// <summary>Cleaning up is given no time.</summary>
    private sealed class Impatient(IWaiter waiter) : IWaiter
    {
        public DateTimeOffset Now => waiter.Now;

        public void Wait(TimeSpan time) => waiter.Wait(time);

        public IWaiter ForCleanUp() => new Ended(waiter);
    }

    private sealed class Ended(IWaiter waiter) : IWaiter
    {
        public DateTimeOffset Now => waiter.Now;

        public void Wait(TimeSpan time) => throw new OperationCanceledException();

        public IWaiter ForCleanUp() => this;
    }
}
