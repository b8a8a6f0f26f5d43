using HyperVBackup.Disks;
using HyperVBackup.Format.Points;
using HyperVBackup.Hosts.Tests.Kit;
using HyperVBackup.Hosts.Wmi;
using HyperVBackup.Operations.Backup;
using HyperVBackup.SimulatedHost;
using Xunit;

namespace HyperVBackup.Hosts.Tests.Checkpoints;

/// <summary>What the host refuses, fails at, or does and does not say.</summary>
public sealed class HostFailureTests
{
    private const string Create = "CreateSnapshot";
    private const string Convert = "ConvertToReferencePoint";
    private const string Destroy = "DestroySnapshot";

    private static readonly JobPlan[] OddPlans =
    [
        new() { Refusal = 2 },
        new() { Refusal = 32769 },
        new() { Refusal = ReturnCodes.OtherInvalidState },
        new() { Duration = TimeSpan.FromSeconds(3), End = JobState.Exception, Error = "It failed.", DoesIt = false },
        new() { Duration = TimeSpan.FromSeconds(3), End = JobState.Exception, Error = "It seemed to fail." },
        new() { Duration = TimeSpan.FromSeconds(3), End = JobState.Terminated, DoesIt = false },
        new() { Duration = TimeSpan.FromSeconds(3), End = JobState.Killed },
        new() { Duration = TimeSpan.FromSeconds(3), End = JobState.CompletedWithWarnings },
        new() { Duration = TimeSpan.FromSeconds(3), Vanishes = true },
        new() { Duration = TimeSpan.FromSeconds(3), Vanishes = true, DoesIt = false },
        new() { Duration = TimeSpan.FromMinutes(20) },
        new() { GivesResult = false },
        new() { GivesResult = false, ListedLater = TimeSpan.FromSeconds(9) },
        new() { Duration = TimeSpan.FromSeconds(1), ListedLater = TimeSpan.FromSeconds(9) },
    ];

    public static TheoryData<string, int> OddWays()
    {
        TheoryData<string, int> ways = [];
        string[] methods =
            [Create, Convert, Destroy, "DestroyReferencePoint", "ModifySystemSettings"];
        foreach (string method in methods)
        {
            for (int plan = 0; plan < OddPlans.Length; plan++)
            {
                ways.Add(method, plan);
            }
        }

        return ways;
    }

    [Theory]
    [MemberData(nameof(OddWays))]
    public async Task However_a_call_goes_no_point_is_wrong_and_the_next_backup_leaves_nothing(string method, int plan)
    {
        using World world = await World.MakeAsync(plan + 1, isBusy: plan % 2 == 0);
        await world.BackupAsync();
        world.Host.Advance(TimeSpan.FromMinutes(1));
        world.Host.PlanFor = name => name == method ? OddPlans[plan] : null;
        await world.TryBackupAsync(world.NewProcess());
        world.Host.PlanFor = _ => null;
        world.Host.Advance(TimeSpan.FromHours(2));
        await world.BackupAsync();
        world.RequireNothingLeft();
        await world.CheckPointsAsync();
        Assert.Equal(0, world.WrongPoints);
    }

    [Theory]
    [InlineData(false, 3, true)]
    [InlineData(true, 3, true)]
    [InlineData(false, 60, false)]
    [InlineData(true, 60, false)]
    public async Task Wherever_notes_cannot_be_written_no_point_is_wrong_and_the_next_backup_leaves_nothing(
        bool isLasting, int jobSeconds, bool givesResult)
    {
        bool wasReached = true;
        int at = 0;
        while (wasReached)
        {
            at++;
            using World world = await World.MakeAsync(at);
            if (givesResult)
            {
                await world.BackupAsync(); // else it is the first
            }

            world.Host.PlanFor = _ => new JobPlan
            {
                Duration = TimeSpan.FromSeconds(jobSeconds), GivesResult = givesResult,
            };
            SimulatedProcess process = world.NewProcess();
            int writes = 0;
            process.Watch = call =>
            {
                writes += call == "write notes" ? 1 : 0;
                if (call == "write notes" && (writes == at || (isLasting && writes > at)))
                {
                    throw new HostException("There is no room for notes.");
                }
            };
            await world.TryBackupAsync(process);
            wasReached = writes >= at;
            world.Host.PlanFor = _ => null;
            world.Host.Advance(TimeSpan.FromHours(2));
            await world.BackupAsync();
            world.RequireNothingLeft();
            await world.CheckPointsAsync();
            Assert.Equal(0, world.WrongPoints);
        }

        Assert.True(at > 5);
    }

    [Fact]
    public async Task Without_leave_a_machine_that_cannot_come_to_rest_is_not_backed_up()
    {
        using World world = await World.MakeAsync();
        world.Host.PlanFor = name => name == Create ? Failing("0x80042306 the guest") : null;
        DiskImageException failure = await Assert.ThrowsAsync<DiskImageException>(world.BackupAsync);
        Assert.Contains("0x80042306", failure.Message);
        Assert.Empty(world.Host.Asked);
        Assert.Empty(await world.PointsAsync());
        world.RequireNothingLeft(ownReferencePoints: 0);
    }

    [Fact]
    public async Task With_leave_it_is_backed_up_as_of_a_power_cut_and_the_point_says_so()
    {
        using World world = await World.MakeAsync();
        world.WithOptions = options => options with { AllowCrashConsistent = true };
        world.Host.PlanFor = name => name == Create ? Failing("0x80042306 the guest") : null;
        BackupReport report = await world.BackupAsync();
        Assert.Equal(Consistency.Crash, report.Point.Consistency);
        Assert.Contains(world.Warnings, warning => warning.Contains("power cut"));
        Assert.False(world.Host.Asked.Single().IsApplicationConsistent);
        world.Host.PlanFor = _ => null;
        Assert.Equal(Consistency.Application, (await world.BackupAsync()).Point.Consistency);
        world.Machine.IsOff = true;
        Assert.Equal(Consistency.Offline, (await world.BackupAsync()).Point.Consistency);
        world.RequireNothingLeft();
    }

    [Fact]
    public async Task A_checkpoint_that_cannot_be_converted_makes_a_good_point_and_the_next_backup_compares()
    {
        using World world = await World.MakeAsync();
        await world.BackupAsync();
        world.Host.PlanFor = name => name == Convert ? Failing("Error 0x8007052F.") : null;
        RestorePoint point = (await world.BackupAsync()).Point;
        Assert.All(point.Disks, disk => Assert.Null(disk.TrackingId));
        Assert.Contains(world.Warnings, warning => warning.Contains("Log on as a service"));
        world.RequireNothingLeft(ownReferencePoints: 0);
        world.Host.PlanFor = _ => null;
        RestorePoint next = (await world.BackupAsync()).Point;
        Assert.All(next.Disks, disk => Assert.Equal(RestorePointKind.Recovered, disk.Kind));
        Assert.All(next.Disks, disk => Assert.Contains("could not be made a reference point", disk.LostReason));
        world.RequireNothingLeft();
        Assert.Equal(3, await world.CheckPointsAsync());
        Assert.Equal(0, world.WrongPoints);
    }

    [Fact]
    public async Task A_host_that_does_not_remove_recovery_checkpoints_has_them_converted()
    {
        using World world = await World.MakeAsync();
        world.Host.PlanFor = name => name == Destroy ? new JobPlan { Refusal = 32770 } : null;
        await world.BackupAsync();
        Exception? failure = await world.TryBackupAsync(world.NewProcess(), () => throw new IOException("broken off"));
        Assert.Contains("broken off", failure?.ToString());
        world.RequireNothingLeft();
        RestorePoint point = (await world.BackupAsync()).Point;
        Assert.All(point.Disks, disk => Assert.Equal(RestorePointKind.Incremental, disk.Kind));
        world.RequireNothingLeft();
    }

    [Fact]
    public async Task A_checkpoint_that_can_neither_be_converted_nor_removed_is_removed_by_the_next_backup()
    {
        using World world = await World.MakeAsync();
        await world.BackupAsync();
        world.Host.PlanFor = name => name is Destroy or Convert ? new JobPlan { Refusal = 32768 } : null;
        await world.BackupAsync();
        Assert.Single(world.Machine.Checkpoints);
        Assert.Contains(world.Warnings, warning => warning.Contains("The next backup takes away what is left"));
        world.Host.PlanFor = _ => null;
        await world.BackupAsync();
        world.RequireNothingLeft();
        Assert.Equal(3, await world.CheckPointsAsync());
        Assert.Equal(0, world.WrongPoints);
    }

    [Theory]
    [InlineData(32774ul)]
    [InlineData(32772ul)]
    public async Task A_busy_machine_is_waited_for_and_refused_in_the_end(ulong status)
    {
        using World world = await World.MakeAsync();
        world.Machine.OtherOperation = (status, world.Host.Now + TimeSpan.FromMinutes(2));
        await world.BackupAsync();
        world.Machine.OtherOperation = (status, world.Host.Now + TimeSpan.FromHours(2));
        DiskImageException refusal = await Assert.ThrowsAsync<DiskImageException>(world.BackupAsync);
        Assert.Contains("is busy", refusal.Message);
        Assert.Single(world.Host.Asked);
        world.RequireNothingLeft();
    }

    [Fact]
    public async Task A_machine_that_moves_away_amid_its_backup_is_cleaned_once_it_is_back()
    {
        using World world = await World.MakeAsync();
        await world.BackupAsync();
        await world.BackupAsync(world.NewProcess(), () => world.Machine.IsAway = true);
        Assert.Single(world.Machine.Checkpoints);
        await Assert.ThrowsAnyAsync<Exception>(world.BackupAsync);
        world.Machine.IsAway = false;
        RestorePoint point = (await world.BackupAsync()).Point;
        Assert.All(point.Disks, disk => Assert.Equal(RestorePointKind.Recovered, disk.Kind));
        world.RequireNothingLeft();
        Assert.Equal(3, await world.CheckPointsAsync());
        Assert.Equal(0, world.WrongPoints);
    }

    [Fact]
    public async Task A_backup_that_fails_leaves_the_host_as_it_was_and_tracking_goes_on()
    {
        using World world = await World.MakeAsync();
        await world.BackupAsync();
        Guid held = world.Machine.ReferencePoints.Single().Id;
        Exception? failure = await world.TryBackupAsync(world.NewProcess(), () => throw new IOException("broken off"));
        Assert.Contains("broken off", failure?.ToString());
        Assert.Equal(held, world.Machine.ReferencePoints.Single().Id);
        world.RequireNothingLeft();
        RestorePoint point = (await world.BackupAsync()).Point;
        Assert.All(point.Disks, disk => Assert.Equal(RestorePointKind.Incremental, disk.Kind));
        Assert.Equal(2, await world.CheckPointsAsync());
        Assert.Equal(0, world.WrongPoints);
    }

    [Theory]
    [InlineData("associators Msvm_ReferencePointOfVirtualSystem", false)]
    [InlineData("look at disk", false)]
    [InlineData("wait", true)]
    [InlineData("read notes", false)]
    public async Task A_failure_while_the_checkpoint_is_taken_leaves_the_machine_to_the_next_backup_of_the_process(
        string call, bool isCancelled)
    {
        using World world = await World.MakeAsync();
        await world.BackupAsync();
        world.Host.PlanFor = _ => new JobPlan { Duration = TimeSpan.FromSeconds(3) };
        SimulatedProcess process = world.NewProcess();
        HostedMachine machine = HostedMachine.Find(world.Options(), world.EnvironmentOf(process));
        int failures = 0;
        process.Watch = name =>
        {
            bool isNow = isCancelled ? process.Calls.Contains("CreateSnapshot") : failures == 0;
            if (name == call && isNow)
            {
                failures++;
                throw isCancelled ? new OperationCanceledException() : new HostException("Broken off.");
            }
        };
        Assert.NotNull(Record.Exception(() => machine.Disks[0].Source.Open().Dispose()));
        Assert.NotEqual(0, failures);
        process.Watch = null;
        world.Host.Advance(TimeSpan.FromMinutes(1));
        machine.Disks[0].Source.Open().Dispose();
        Assert.False(process.IsDead);
        world.RequireNothingLeft();
    }

    private static JobPlan Failing(string error) => new()
    {
        Duration = TimeSpan.FromSeconds(2),
        End = JobState.Exception,
        Error = error,
        DoesIt = false,
    };
}
