using HyperVBackup.Format.Points;
using HyperVBackup.Hosts.Tests.Kit;
using HyperVBackup.SimulatedHost;
using Xunit;

namespace HyperVBackup.Hosts.Tests.Checkpoints;

public sealed class KillTests(ITestOutputHelper output)
{
    private static readonly TimeSpan BetweenStarts = TimeSpan.FromMinutes(1);

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
}
