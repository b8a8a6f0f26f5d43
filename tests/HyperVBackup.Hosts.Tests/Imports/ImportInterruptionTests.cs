using HyperVBackup.Format.Points;
using HyperVBackup.Hosts.Tests.Kit;
using HyperVBackup.Operations.Hosted;
using HyperVBackup.SimulatedHost;
using Xunit;

namespace HyperVBackup.Hosts.Tests.Imports;

public sealed class ImportInterruptionTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task An_interruption_at_any_call_of_a_restore_leaves_nothing_at_once_or_a_machine_that_it_tells_of(
        int seed)
    {
        int steps = 0;
        int told = 0;
        while (true)
        {
            steps++;
            using World world = await World.MakeAsync(seed);
            RestorePoint point = (await world.BackupAsync()).Point;
            Original original = new(world.Machine);
            HostedRestoreRequest request = new()
            {
                Point = point.Id,
                Folder = Path.Join(world.NewFolder("restored"), "machine"),
            };
            using CancellationTokenSource interruption = new();
            SimulatedProcess process = world.NewProcess();
            (process.Interruption, process.InterruptedBefore) = (interruption, steps);
            Exception? end = await Record.ExceptionAsync(() => world.ImportAsync(request, process));
            bool isMade = world.Host.Machines.Count > 1;
            if (process.Calls.Count < steps)
            {
                Assert.Null(end);
                break;
            }

            Assert.Equal(0, world.Host.PlannedCount);
            Assert.Equal(isMade, Directory.Exists(request.Folder));
            Assert.True(isMade || end is OperationCanceledException, $"{end}");
            if (isMade && end is not null)
            {
                Assert.Contains(world.Warnings, warning => warning.Contains("is there all the same"));
                told++;
            }

            Assert.DoesNotContain(world.Warnings, warning => warning.Contains("what is left"));
            original.RequireUntouched(world.Host);
        }

        output.WriteLine($"{steps - 1} calls, {told} interruptions after the machine was there");
        Assert.True(steps > 80);
    }
}
