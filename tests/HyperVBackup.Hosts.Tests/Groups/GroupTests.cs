using System.Buffers.Binary;
using HyperVBackup.Format.Points;
using HyperVBackup.Hosts.Groups;
using HyperVBackup.Hosts.Tests.Kit;
using HyperVBackup.Operations;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Hosted;
using HyperVBackup.SimulatedHost;
using HyperVBackup.SimulatedHost.Groups;
using HyperVBackup.SimulatedHost.Images;
using HyperVBackup.SimulatedHost.Machines;
using Xunit;

namespace HyperVBackup.Hosts.Tests.Groups;

public sealed class GroupTests(ITestOutputHelper output)
{
    private static readonly TimeSpan BetweenStarts = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task All_disks_of_a_groups_machines_are_of_one_moment_whatever_they_write_meanwhile()
    {
        using World world = await World.MakeAsync();
        SimulatedGroup group = AddGroup(world);
        for (int run = 0; run < 3; run++)
        {
            SimulatedProcess process = world.NewProcess();
            int count = run * 100;
            process.Watch = _ => count = WriteEverywhere(group, count); // both machines write at each call
            RestorePoint point = await BackupAsync(world, group, process);
            Assert.Equal(group.Members.Sum(machine => machine.Disks.Count), point.Disks.Count);
            Assert.Equal(group.Id.ToString("D"), point.VmIdentity);
            List<int> numbers = [];
            foreach (DiskPoint disk in point.Disks)
            {
                numbers.Add(BinaryPrimitives.ReadInt32LittleEndian(await world.ReadAsync(point, disk)));
                Assert.Equal(run == 0 ? RestorePointKind.Full : RestorePointKind.Recovered, disk.Kind);
            }

            Assert.Single(numbers.Distinct());
            await RequireRightAsync(world, point);
            RequireNothingLeft(group);
        }
    }

    /// <summary>Before each call of the host, the notes and the store. Seeds differ too.</summary>
    [Fact]
    public async Task A_kill_at_any_call_of_a_groups_backup_leaves_nothing_after_the_next_and_no_wrong_point()
    {
        int kills = 0;
        int left = 0;
        int steps = 1;
        for (; ; steps++)
        {
            using World world = await World.MakeAsync(steps);
            SimulatedGroup group = AddGroup(world);
            SimulatedProcess killed = world.NewProcess();
            killed.KilledBefore = steps;
            Exception? end = await Record.ExceptionAsync(() => BackupAsync(world, group, killed));
            if (killed.Calls.Count < steps)
            {
                Assert.Null(end);
                break;
            }

            Assert.NotNull(end);
            kills++;
            left += group.Members.Sum(machine => machine.Checkpoints.Count);
            world.Host.Advance(BetweenStarts);
            RestorePoint point = await BackupAsync(world, group, world.NewProcess());
            await RequireRightAsync(world, point);
            RequireNothingLeft(group);
        }

        output.WriteLine($"{steps - 1} calls, {kills} kills, {left} checkpoints that the next backup took away");
        Assert.True(left > 10);
    }

    [Fact]
    public async Task What_a_kill_just_after_the_call_leaves_to_a_long_job_is_waited_for_and_taken_away()
    {
        using World world = await World.MakeAsync();
        SimulatedGroup group = AddGroup(world);
        SimulatedProcess killed = world.NewProcess();
        killed.KilledAt = ("CreateSnapshot", true);
        JobPlan? slow = new() { Duration = TimeSpan.FromSeconds(90) };
        world.Host.PlanFor = method => method == "CreateSnapshot of a group" ? slow : null;
        Assert.NotNull(await Record.ExceptionAsync(() => BackupAsync(world, group, killed)));
        slow = null;
        await RequireRightAsync(world, await BackupAsync(world, group, world.NewProcess()));
        RequireNothingLeft(group);
    }

    [Theory]
    [InlineData("leaves")]
    [InlineData("joins")]
    [InlineData("is replaced")]
    public async Task A_group_that_is_another_than_a_moment_ago_makes_no_point_and_leaves_nothing(string what)
    {
        using World world = await World.MakeAsync();
        SimulatedGroup group = AddGroup(world);
        SimulatedMachine other = world.Host.AddMachine("Other");
        other.AddDisk("other", World.DiskBytes);
        SimulatedProcess process = world.NewProcess();
        process.Watch = name =>
        {
            if (name == "CreateSnapshot")
            {
                Change(what, group, other);
            }
        };
        Exception? refusal = await Record.ExceptionAsync(() => BackupAsync(world, group, process));
        Assert.Contains("run again", refusal?.Message);
        Assert.Empty(await world.PointsAsync());
        other.IsAway = false;
        RequireNothingLeft(group);
        Assert.Empty(world.Machine.Checkpoints);
        Assert.Empty(other.Checkpoints);
    }

    [Fact]
    public async Task A_group_of_which_a_machine_is_on_another_node_makes_no_point_and_leaves_nothing()
    {
        using World world = await World.MakeAsync();
        SimulatedGroup group = AddGroup(world);
        SimulatedProcess process = world.NewProcess();
        process.Watch = name => group.Members[1].IsAway |= name == "open notes";
        Exception? refusal = await Record.ExceptionAsync(() => BackupAsync(world, group, process));
        Assert.Contains("is not on this host", refusal?.Message);
        Assert.Empty(await world.PointsAsync());
        RequireNothingLeft(group);
    }

    /// <summary>A host that names nothing as it is asked gives a kill just after the call nothing to go by.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_groups_checkpoint_that_nothing_proves_to_be_ours_stays_and_no_other_is_made_beside_it(
        bool isOurs)
    {
        using World world = await World.MakeAsync();
        SimulatedGroup group = AddGroup(world);
        world.Host.NamesCheckpoints = false;
        SimulatedProcess killed = world.NewProcess();
        killed.KilledAt = ("CreateSnapshot", true);
        world.Host.PlanFor = method => method == "CreateSnapshot of a group" ? new JobPlan() : null;
        Assert.NotNull(await Record.ExceptionAsync(() => BackupAsync(world, group, killed)));
        string[] left = [.. group.Members.SelectMany(machine => machine.Checkpoints).Select(
            checkpoint => $"Microsoft:{checkpoint.Id.ToString("D").ToUpperInvariant()}")];
        Assert.Equal(2, left.Length);
        for (int tries = 0; tries < 2; tries++)
        {
            Exception? refusal = await Record.ExceptionAsync(() => BackupAsync(world, group, world.NewProcess()));
            Assert.All(left, id => Assert.Contains(id, refusal?.Message));
        }

        world.WithOptions = options => isOurs
            ? options with { OwnCheckpoints = left }
            : options with { OthersCheckpoints = left };
        await RequireRightAsync(world, await BackupAsync(world, group, world.NewProcess()));
        Assert.Equal(isOurs ? 0 : 2, group.Members.Sum(machine => machine.Checkpoints.Count));
    }

    [Fact]
    public async Task A_group_with_a_disk_that_several_machines_write_is_refused_before_a_checkpoint()
    {
        using World world = await World.MakeAsync();
        SimulatedGroup group = AddGroup(world);
        group.Members[1].Disks[0].IsShared = true;
        SimulatedProcess process = world.NewProcess();
        Exception? refusal = await Record.ExceptionAsync(() => BackupAsync(world, group, process));
        Assert.Contains("shared with other machines", refusal?.Message);
        Assert.DoesNotContain("CreateSnapshot", process.Calls);
    }

    [Fact]
    public async Task While_a_group_is_read_none_of_its_machines_is_backed_up_alone()
    {
        using World world = await World.MakeAsync();
        SimulatedGroup group = AddGroup(world);
        SimulatedProcess process = world.NewProcess();
        Exception? refusal = null;
        process.Watch = name =>
        {
            if (name == "read disk" && refusal is null)
            {
                refusal = Record.Exception(() => HostedMachine.Find(
                    world.Options(), world.EnvironmentOf(world.NewProcess())).Disks[0].Source.Open());
            }
        };
        RestorePoint point = await BackupAsync(world, group, process);
        Assert.Contains("Another backup", refusal?.Message);
        await RequireRightAsync(world, point);
        RequireNothingLeft(group);
    }

    private static void Change(string what, SimulatedGroup group, SimulatedMachine other)
    {
        switch (what)
        {
            case "leaves":
                group.Members.RemoveAt(1);
                break;
            case "joins":
                group.Members.Add(other);
                break;
            default:
                group.Members[1] = other;
                break;
        }
    }

    private static SimulatedGroup AddGroup(World world)
    {
        SimulatedMachine second = world.Host.AddMachine("Orders");
        second.AddDisk("system", World.DiskBytes).WriteRandomly(20);
        SimulatedGroup group = world.Host.AddGroup("Cluster", world.Machine, second);
        foreach (SimulatedMachine machine in group.Members)
        {
            machine.IsWriting = false; // but for the numbers
        }

        WriteEverywhere(group, 1);
        return group;
    }

    /// <summary>The same number at the beginning of each disk, as programs of a guest cluster that agree.</summary>
    private static int WriteEverywhere(SimulatedGroup group, int count)
    {
        foreach (SimulatedDisk disk in group.Members.SelectMany(machine => machine.Disks))
        {
            disk.WriteNumber(count);
        }

        return count + 1;
    }

    private static async Task<RestorePoint> BackupAsync(World world, SimulatedGroup group, SimulatedProcess process)
    {
        world.Store.Before = call => process.Call($"store {call.Kind}", () => true);
        try
        {
            (_, BackupEngine engine) = await world.OpenAsync();
            HostedGroup found = HostedGroup.Find(
                world.Options() with { Machine = group.Id }, world.EnvironmentOf(process));
            return (await engine.BackupAsync(HostedBackup.RequestFor(found))).Point;
        }
        finally
        {
            world.Store.Before = null;
            process.Kill(); // it ends
        }
    }

    /// <summary>Each disk holds what its machine's last checkpoint held.</summary>
    private static async Task RequireRightAsync(World world, RestorePoint point)
    {
        foreach (DiskPoint disk in point.Disks)
        {
            Guid id = Guid.Parse(disk.Identity);
            SimulatedCheckpoint made = world.Host.Asked.Last(checkpoint => checkpoint.Contents.ContainsKey(id));
            Assert.Equal(made.Contents[id], await world.ReadAsync(point, disk));
        }
    }

    private static void RequireNothingLeft(SimulatedGroup group)
    {
        Assert.All(group.Members, machine => Assert.Empty(machine.Checkpoints));
        Assert.All(group.Members, machine => Assert.Empty(machine.ReferencePoints));
    }
}
