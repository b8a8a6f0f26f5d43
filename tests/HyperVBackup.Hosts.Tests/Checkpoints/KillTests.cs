using HyperVBackup.Format.Points;
using HyperVBackup.Hosts.Tests.Kit;
using HyperVBackup.SimulatedHost;
using HyperVBackup.SimulatedHost.Machines;
using Xunit;

namespace HyperVBackup.Hosts.Tests.Checkpoints;

public sealed class KillTests(ITestOutputHelper output)
{
    private static readonly TimeSpan BetweenStarts = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan UntilJobsAreForgotten = TimeSpan.FromMinutes(6);

    /// <summary>One host; where histories are asked for, also some with checkpoints of users and of other programs.
    /// </summary>
    public static TheoryData<int, bool> Hosts()
    {
        TheoryData<int, bool> hosts = new() { { 1, false } };
        if (Environment.GetEnvironmentVariable(HistoryTests.CountVariable) is not null)
        {
            hosts.Add(2, true);
            hosts.Add(3, true);
        }

        return hosts;
    }

    /// <summary>Before each call of the host, the notes and the store, which is after the call before. Seeds differ in
    /// what the host does at once and what as a job, and in what it shows late.</summary>
    [Theory]
    [MemberData(nameof(Hosts))]
    public async Task A_kill_at_any_call_leaves_nothing_after_the_next_start_and_no_wrong_point(int seed, bool isBusy)
    {
        int steps = 0;
        int kills = 0;
        int points = 0;
        int incrementals = 0;
        while (true)
        {
            steps++;
            using World world = await World.MakeAsync(seed, isBusy);
            await world.BackupAsync();
            world.Host.Advance(BetweenStarts);
            SimulatedProcess killed = world.NewProcess();
            killed.KilledBefore = steps;
            Exception? end = await world.TryBackupAsync(killed);
            if (killed.Calls.Count < steps)
            {
                Assert.Null(end);
                break;
            }

            Assert.NotNull(end);
            kills++;
            world.Host.Advance(BetweenStarts);
            RestorePoint next = (await world.BackupAsync()).Point;
            incrementals += next.Disks.Count(disk => disk.Kind == RestorePointKind.Incremental);
            Assert.All(next.Disks, disk => Assert.Equal(RestorePointKind.Incremental, disk.Kind));
            world.RequireNothingLeft();
            points += await world.CheckPointsAsync();
            Assert.Equal(0, world.WrongPoints);
        }

        output.WriteLine(
            $"{steps - 1} steps, {kills} kills, {points} points read back, {incrementals} incrementals after a kill");
        Assert.True(kills > 100);
    }

    /// <summary>What nothing proves to be ours stays, told at each backup, and whatever another program made stays.
    /// </summary>
    [Theory]
    [InlineData(1, true)]
    [InlineData(2, false)]
    public async Task A_kill_beside_another_program_takes_nothing_from_it_and_what_is_left_of_ours_is_told(
        int seed, bool isNamed)
    {
        int told = 0;
        int others = 0;
        bool isKilled = true;
        int steps = 1;
        for (; isKilled; steps += 3)
        {
            using World world = await World.MakeAsync(seed);
            world.Host.NamesCheckpoints = isNamed;
            // A host that neither names it nor says what it made gives nothing to go on with.
            world.Host.PlanFor = method =>
                method == "CreateSnapshot" ? new JobPlan { Duration = TimeSpan.FromSeconds(2) } : null;
            OtherProduct other = world.Machine.AddOtherProduct(steps);
            await world.BackupAsync();
            SimulatedProcess killed = world.NewProcess();
            killed.KilledBefore = steps;
            await world.TryBackupAsync(killed);
            isKilled = killed.Calls.Count >= steps;
            world.Host.Advance(isNamed ? BetweenStarts : UntilJobsAreForgotten);
            world.Warnings.Clear();
            int left = await world.BackupNamingLeftoversAsync();
            Assert.True(left == 0 || !isNamed);
            told += left;
            world.RequireNothingLeft();
            await world.CheckPointsAsync();
            Assert.Equal(0, world.WrongPoints);
            others += other.CheckpointsMade;
        }

        output.WriteLine($"{steps} steps, {others} checkpoints of another program, {told} left and told");
        Assert.True(others > 100);
        Assert.Equal(isNamed, told == 0);
    }
}
