using HyperVBackup.Hosts.Tests.Kit;
using HyperVBackup.Hosts.Wmi;
using HyperVBackup.SimulatedHost;
using HyperVBackup.SimulatedHost.Machines;
using Xunit;

namespace HyperVBackup.Hosts.Tests.Checkpoints;

/// <summary>Histories of guests that write, backups, kills of one after the other, hosts that fail, lose power and are
/// busy, users and other programs; the seed is in the name of the case that fails.</summary>
public sealed class HistoryTests(ITestOutputHelper output)
{
    /// <summary>How many histories, if not the usual number.</summary>
    public const string CountVariable = "HVBACKUP_HOST_HISTORIES";

    private const int CallCount = 190;

    private static readonly TimeSpan LongAfter = TimeSpan.FromMinutes(11);

    public static TheoryData<int> Seeds() => [.. Enumerable.Range(1, SeedCount())];

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task Whatever_happens_points_are_right_and_a_good_backup_leaves_nothing(int seed)
    {
        Random random = new(seed);
        using World world = await World.MakeAsync(seed, isBusy: seed % 3 == 0);
        OtherProduct? other = seed % 2 == 0 ? world.Machine.AddOtherProduct(seed) : null;
        List<string> story = [];
        for (int round = 0; round < 6; round++)
        {
            world.Host.PlanFor = Plan(random);
            world.Host.LeavesIdOut = random.Next(12) == 0;
            world.Host.AnsweredBytesMax = random.Next(3) == 0 ? random.Next(0, 9) << 14 : long.MaxValue;
            SimulatedProcess process = world.NewProcess();
            process.KilledBefore = random.Next(3) == 0 ? 0 : random.Next(1, CallCount);
            Exception? end = await world.TryBackupAsync(
                process, random.Next(4) == 0 ? world.MakeOthersReferencePoint : null);
            story.Add($"{process.KilledBefore}: {end?.GetType().Name ?? "point"}");
            Disturb(world, random);
        }

        world.Host.PlanFor = _ => null;
        world.Host.LeavesIdOut = false;
        world.Host.AnsweredBytesMax = long.MaxValue;
        world.Host.Advance(LongAfter);
        int left = await world.BackupNamingLeftoversAsync();
        world.RequireNothingLeft();
        int points = await world.CheckPointsAsync();
        Assert.Equal(0, world.WrongPoints);
        output.WriteLine(
            $"{points} points, {other?.CheckpointsMade ?? 0} of others, {left} named; {string.Join(", ", story)}");
    }

    private static int SeedCount() =>
        int.TryParse(Environment.GetEnvironmentVariable(CountVariable), out int count) ? count : 24;

    private static Func<string, JobPlan?> Plan(Random random) => method => random.Next(12) switch
    {
        0 => new JobPlan { Refusal = ReturnCodes.OtherInvalidState },
        1 => new JobPlan { Refusal = 32768 },
        2 => new JobPlan { Duration = TimeSpan.FromSeconds(2), End = JobState.Exception, Error = "Failed." },
        3 => new JobPlan { Duration = TimeSpan.FromSeconds(2), End = JobState.Exception, DoesIt = false },
        4 when method != "CreateSnapshot" => new JobPlan { Duration = TimeSpan.FromSeconds(2), Vanishes = true },
        _ => null,
    };

    private static void Disturb(World world, Random random)
    {
        if (random.Next(6) == 0)
        {
            world.Host.LosePower();
        }

        world.Host.Advance(random.Next(2) == 0 ? TimeSpan.FromSeconds(random.Next(3)) : LongAfter);
        switch (random.Next(8))
        {
            case 0:
                world.MakeOthersCheckpoint();
                break;
            case 1:
                world.MakeOthersReferencePoint();
                break;
            case 2:
                world.KeepsOthers(world.Machine.CreateCheckpoint("By a user", false, world.Host.Now));
                break;
            case 3:
                world.Machine.OtherOperation = (32774, world.Host.Now + TimeSpan.FromMinutes(1));
                break;
            case 4:
                TakeBack(world, random);
                break;
        }
    }

    /// <summary>A user takes the machine back to one of their checkpoints, which may go then.</summary>
    private static void TakeBack(World world, Random random)
    {
        SimulatedCheckpoint[] users = [.. world.Machine.Checkpoints.Where(checkpoint => !checkpoint.IsRecovery)];
        if (users.Length > 0)
        {
            SimulatedCheckpoint to = users[random.Next(users.Length)];
            world.Machine.Apply(to);
            if (random.Next(2) == 0)
            {
                world.Machine.RemoveCheckpoint(to);
                world.ForgetsOthers(to);
            }
        }
    }
}
