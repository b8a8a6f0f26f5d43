using HyperVBackup.Disks;
using HyperVBackup.Format.Points;
using HyperVBackup.Hosts.Tests.Kit;
using HyperVBackup.SimulatedHost;
using HyperVBackup.SimulatedHost.Machines;
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

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_checkpoint_that_is_the_only_new_one_is_not_taken_for_ours(bool isNamed)
    {
        using World world = await World.MakeAsync();
        world.Host.NamesCheckpoints = isNamed;
        await KillAtAsync(world, "CreateSnapshot", isAfter: false);
        world.MakeOthersCheckpoint("Accounts - (backup)");
        string id = IdOf(world.Machine.Checkpoints.Single());
        for (int run = 0; run < 2; run++)
        {
            world.Warnings.Clear();
            Exception? refusal = await world.TryBackupAsync(world.NewProcess());
            Assert.Equal(isNamed, refusal is null); // a host that names checkpoints would have named ours
            world.RequireNothingLeft();
            Assert.Single(world.Warnings, warning => warning.Contains("may be left of a backup of ours"));
        }

        world.WithOptions = options => options with { OthersCheckpoints = [id] };
        world.Host.PlanFor = _ => new JobPlan(); // which says what it made
        world.Warnings.Clear();
        await world.BackupAsync();
        world.RequireNothingLeft();
        Assert.DoesNotContain(world.Warnings, warning => warning.Contains("may be left"));
    }

    /// <summary>Neither at the next backup nor at the try as of a power cut.</summary>
    [Fact]
    public async Task On_a_host_that_names_nothing_tries_do_not_pile_checkpoints_up()
    {
        using World world = await World.MakeAsync();
        world.Host.NamesCheckpoints = false;
        world.Host.PlanFor = method =>
            method.StartsWith("CreateSnapshot", StringComparison.Ordinal) ? new JobPlan { GivesResult = false } : null;
        world.WithOptions = options => options with { AllowCrashConsistent = true };
        Exception? first = await world.TryBackupAsync(world.NewProcess());
        Assert.Contains("does not say which", first?.Message);
        SimulatedCheckpoint left = Assert.Single(world.Machine.Checkpoints);
        for (int run = 0; run < 2; run++)
        {
            world.Host.Advance(TimeSpan.FromHours(1));
            Exception? refusal = await world.TryBackupAsync(world.NewProcess());
            Assert.Contains("'Accounts'", refusal?.Message);
            Assert.Contains(IdOf(left), refusal?.Message);
            Assert.Contains("Get-VMSnapshot", refusal?.Message);
            Assert.Equal([left], world.Machine.Checkpoints);
        }

        world.Host.PlanFor = _ => new JobPlan();
        world.Machine.RemoveCheckpoint(left); // by an administrator
        await world.BackupAsync();
        world.RequireNothingLeft();
    }

    [Fact]
    public async Task A_checkpoint_that_nothing_marks_stays_and_is_told_until_a_person_says_that_it_is_ours()
    {
        using World world = await World.MakeAsync();
        world.Host.NamesCheckpoints = false;
        await KillAtAsync(world, "CreateSnapshot", isAfter: true);
        SimulatedCheckpoint left = Assert.Single(world.Machine.Checkpoints);
        string id = IdOf(left);
        world.Host.Advance(TimeSpan.FromHours(1));
        for (int run = 0; run < 2; run++)
        {
            world.Warnings.Clear();
            Assert.Contains(id, (await world.TryBackupAsync(world.NewProcess()))?.Message);
            Assert.Equal([left], world.Machine.Checkpoints);
            Assert.Single(world.Warnings, warning => warning.Contains(id));
        }

        world.Host.PlanFor = _ => new JobPlan();
        world.WithOptions = options => options with { OwnCheckpoints = [id] };
        world.Warnings.Clear();
        await world.BackupAsync();
        world.RequireNothingLeft();
        Assert.DoesNotContain(world.Warnings, warning => warning.Contains("may be left"));
        Assert.Equal(2, await world.CheckPointsAsync());
        Assert.Equal(0, world.WrongPoints);
    }

    [Fact]
    public async Task A_checkpoint_is_ours_by_the_job_that_made_it_as_long_as_the_host_knows_that()
    {
        using World world = await World.MakeAsync();
        world.Host.NamesCheckpoints = false;
        await KillAtAsync(world, "wait", isAfter: true, new JobPlan { Duration = TimeSpan.FromSeconds(2) });
        Assert.Empty(world.Machine.Checkpoints); // it is still being made
        world.MakeOthersCheckpoint("Accounts - (backup)");
        world.Host.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(2, world.Machine.Checkpoints.Count);
        await world.BackupAsync();
        world.RequireNothingLeft();
    }

    [Fact]
    public async Task Where_the_host_says_nothing_of_what_it_made_anothers_checkpoint_is_not_backed_up_for_ours()
    {
        using World world = await World.MakeAsync();
        await world.BackupAsync();
        world.Host.NamesCheckpoints = false;
        world.Host.PlanFor = method => method == "CreateSnapshot" ? new JobPlan { GivesResult = false } : null;
        SimulatedProcess process = world.NewProcess();
        Assert.NotNull(await world.TryBackupAsync(process));
        Assert.Single(await world.PointsAsync());
        Assert.Contains(world.Warnings, warning => warning.Contains("may be left of a backup of ours"));
    }

    [Theory]
    [InlineData(true, 32769u)]
    [InlineData(false, 32769u)]
    [InlineData(true, 2u)]
    [InlineData(false, 2u)]
    public async Task What_another_program_makes_while_ours_is_refused_stays(bool isNamed, uint refusal)
    {
        using World world = await World.MakeAsync();
        await world.BackupAsync();
        world.Host.NamesCheckpoints = isNamed;
        world.Host.PlanFor = method =>
        {
            if (method == "CreateSnapshot")
            {
                world.MakeOthersCheckpoint("Accounts - (backup)");
                return new JobPlan { Refusal = refusal };
            }

            return null;
        };
        Assert.NotNull(await world.TryBackupAsync(world.NewProcess()));
        world.RequireNothingLeft();
        world.Host.PlanFor = _ => null;
        world.Host.NamesCheckpoints = true;
        await world.BackupAsync();
        world.RequireNothingLeft();
    }

    [Fact]
    public async Task The_only_new_reference_point_is_not_taken_for_ours()
    {
        using World world = await World.MakeAsync();
        await world.BackupAsync();
        world.Host.PlanFor = method => method switch
        {
            "DestroySnapshot" => new JobPlan { Duration = TimeSpan.FromMinutes(20) },
            _ => new JobPlan(),
        };
        Assert.NotNull(await world.TryBackupAsync(world.NewProcess(), () => throw new IOException("broken off")));
        world.Host.Advance(TimeSpan.FromMinutes(30));
        Assert.Empty(world.Machine.Checkpoints);
        world.MakeOthersReferencePoint();
        world.Host.PlanFor = _ => null;
        await world.BackupAsync();
        world.RequireNothingLeft();
        Assert.Contains(world.Warnings, warning => warning.Contains("may be left of a backup of ours"));
    }

    [Fact]
    public async Task Anothers_reference_point_that_is_shown_before_ours_is_not_recorded_for_ours()
    {
        using World world = await World.MakeAsync();
        await world.BackupAsync();
        world.Host.PlanFor = method =>
        {
            if (method != "ConvertToReferencePoint")
            {
                return null;
            }

            world.MakeOthersReferencePoint();
            return new JobPlan { GivesResult = false, ListedLater = TimeSpan.FromSeconds(9) };
        };
        for (int run = 0; run < 3; run++)
        {
            world.Host.Advance(TimeSpan.FromMinutes(1));
            RestorePoint point = (await world.BackupAsync()).Point;
            Assert.All(point.Disks, disk => Assert.Equal(RestorePointKind.Incremental, disk.Kind));
            world.RequireNothingLeft();
        }

        Assert.Equal(4, await world.CheckPointsAsync());
        Assert.Equal(0, world.WrongPoints);
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

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, false)]
    [InlineData(false, true)]
    public async Task A_disk_that_other_machines_write_too_is_refused_before_a_checkpoint_is_made_of_one(
        bool isSet, bool isAttachedLate)
    {
        using World world = await World.MakeAsync();
        SimulatedProcess process = world.NewProcess();
        if (isAttachedLate)
        {
            process.Watch = name => world.Machine.Disks[1].IsShared |= name == "CreateSnapshot";
        }
        else if (isSet)
        {
            world.Machine.Disks[1].MoveTo(Path.ChangeExtension(world.Machine.Disks[1].Path, ".VHDS"));
        }
        else
        {
            world.Machine.Disks[1].IsShared = true;
        }

        Exception? refusal = isAttachedLate
            ? Record.Exception(() => HostedMachine.Find(world.Options(), world.EnvironmentOf(process)).Disks[0].Source
                .Open())
            : await world.TryBackupAsync(process);
        Assert.Contains("shared with other machines", refusal?.Message);
        Assert.Equal(isAttachedLate, process.Calls.Contains("CreateSnapshot"));
        Assert.Empty(world.Machine.Checkpoints);
        Assert.Empty(await world.PointsAsync());
    }

    [Fact]
    public async Task Ours_is_waited_for_where_anothers_reference_point_is_listed_before_it()
    {
        using World world = await World.MakeAsync();
        await KillAtAsync(world, "ConvertToReferencePoint", isAfter: true, converting: new JobPlan
        {
            ListedLater = TimeSpan.FromSeconds(9),
        });
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

    private static string IdOf(SimulatedCheckpoint checkpoint) =>
        $"Microsoft:{checkpoint.Id.ToString("D").ToUpperInvariant()}";

    /// <summary>Backs up once, then again in a process that is killed at a call.</summary>
    private static async Task KillAtAsync(
        World world, string call, bool isAfter, JobPlan? creating = null, JobPlan? converting = null)
    {
        world.Host.PlanFor = _ => new JobPlan();
        await world.BackupAsync();
        world.Host.PlanFor = method => (method == "CreateSnapshot" ? creating
            : method == "ConvertToReferencePoint" ? converting : null) ?? new JobPlan();
        SimulatedProcess killed = world.NewProcess();
        killed.KilledAt = (call, isAfter);
        Assert.NotNull(await world.TryBackupAsync(killed));
        Assert.True(killed.IsDead);
        world.Host.PlanFor = _ => null;
    }
}
