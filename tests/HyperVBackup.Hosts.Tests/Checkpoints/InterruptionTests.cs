using HyperVBackup.Hosts.Tests.Kit;
using HyperVBackup.SimulatedHost;
using Xunit;

namespace HyperVBackup.Hosts.Tests.Checkpoints;

public sealed class InterruptionTests(ITestOutputHelper output)
{
    /// <summary>From each call of the host, the notes and the store on. Seeds differ in what the host does at once and
    /// what as a job, and in what it shows late.</summary>
    [Theory]
    [InlineData(1, MachineKind.Tracked, false)]
    [InlineData(2, MachineKind.Tracked, false)]
    [InlineData(3, MachineKind.OldWithVhd, true)]
    public async Task An_interruption_at_any_call_of_a_backup_leaves_nothing_at_once(
        int seed, MachineKind kind, bool keepsCheckpoints)
    {
        int steps = 0;
        int interruptions = 0;
        while (true)
        {
            steps++;
            using World world = await World.MakeAsync(seed, isBusy: kind == MachineKind.Tracked, kind);
            world.WithOptions = options => options with { KeepCheckpoints = keepsCheckpoints };
            await world.BackupAsync();
            world.Host.Advance(TimeSpan.FromMinutes(1));
            world.Warnings.Clear();
            using CancellationTokenSource interruption = new();
            SimulatedProcess process = world.NewProcess();
            (process.Interruption, process.InterruptedBefore) = (interruption, steps);
            Exception? end = await world.TryBackupAsync(process);
            if (process.Calls.Count < steps)
            {
                Assert.Null(end);
                break;
            }

            interruptions += end is null ? 0 : 1;
            Assert.True(end is null or OperationCanceledException, $"{end}");
            Assert.DoesNotContain(world.Warnings, warning => warning.Contains("what is left"));
            world.RequireNothingLeft(keepsCheckpoints ? 0 : 1, keepsCheckpoints ? 1 : 0);
            Assert.Equal(end is null ? 2 : 1, await world.CheckPointsAsync());
            Assert.Equal(0, world.WrongPoints);
        }

        output.WriteLine($"{steps - 1} calls, {interruptions} backups ended by an interruption");
        Assert.True(interruptions > 60);
    }
}
