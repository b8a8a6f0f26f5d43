using HyperVBackup.Format.Points;
using HyperVBackup.Hosts.Tests.Kit;
using HyperVBackup.Hosts.Vss;
using HyperVBackup.Operations.Hosted;
using HyperVBackup.SimulatedHost;
using HyperVBackup.SimulatedHost.Vss;
using Xunit;

namespace HyperVBackup.Hosts.Tests.Vss;

/// <summary>Batches whose snapshots are shadow copies.</summary>
public sealed class VssVolumesTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Machines_are_read_from_one_shadow_copy_of_each_volume()
    {
        using Fleet fleet = await NewFleetAsync(21, 6);
        for (int run = 0; run < 2; run++)
        {
            SimulatedProcess process = fleet.NewProcess();
            List<bool> reads = [];
            process.Watch = call => reads.AddRange(
                call == "read disk" ? [fleet.Machines.Exists(machine => machine.HasOpenImages)] : []);
            HostedBatch batch = await fleet.BackupAsync(process);
            Assert.Equal(2, batch.SnapshotCount);
            Assert.Equal(6, batch.ReleasedCount);
            Assert.NotEmpty(reads);
            Assert.DoesNotContain(true, reads);
            RequireNothingLeft(fleet);
        }

        Assert.Equal(4, fleet.Host.Volumes.MadeCount);
        Assert.Equal(12, await fleet.CheckPointsAsync());
    }

    [Fact]
    public async Task A_shared_volume_that_another_backup_keeps_busy_is_waited_for()
    {
        using Fleet fleet = await NewFleetAsync(22, 4);
        fleet.Host.Vss.SharedVolumesBusyUntil = fleet.Host.Now + TimeSpan.FromMinutes(3);
        HostedBatch batch = await fleet.BackupAsync(fleet.NewProcess());
        Assert.Equal(2, batch.SnapshotCount);
        Assert.Equal(4, batch.ReleasedCount);
        RequireNothingLeft(fleet);
        Assert.Equal(4, await fleet.CheckPointsAsync());
    }

    [Fact]
    public async Task Machines_on_a_shared_volume_that_stays_busy_are_read_from_their_checkpoints()
    {
        using Fleet fleet = await NewFleetAsync(23, 4);
        fleet.Host.Vss.SharedVolumesBusyUntil = fleet.Host.Now + TimeSpan.FromDays(1);
        HostedBatch batch = await fleet.BackupAsync(fleet.NewProcess());
        Assert.Equal(1, batch.SnapshotCount);
        Assert.Equal(2, batch.ReleasedCount);
        Assert.Contains(fleet.Warnings, warning => warning.Contains("0x8007173D", StringComparison.Ordinal));
        RequireNothingLeft(fleet);
        Assert.Equal(4, await fleet.CheckPointsAsync());
    }

    [Fact]
    public async Task A_shadow_copy_that_cannot_be_deleted_is_deleted_by_the_next_batch()
    {
        using Fleet fleet = await NewFleetAsync(24, 2);
        fleet.Host.Vss.IsStuck = true;
        await fleet.BackupAsync(fleet.NewProcess());
        Assert.Equal(2, fleet.Host.Vss.Count);
        Assert.Contains(fleet.Warnings, warning => warning.Contains("The next batch tries again"));
        fleet.Host.Vss.IsStuck = false;
        await fleet.BackupAsync(fleet.NewProcess());
        RequireNothingLeft(fleet);
    }

    [Fact]
    public async Task A_proxy_imports_shadow_copies_and_they_are_deleted_there_before_the_host_ends_its_backup()
    {
        using Fleet fleet = await NewFleetAsync(26, 4);
        SimulatedVss proxy = UseProxy(fleet);
        SimulatedProcess process = fleet.NewProcess();
        HostedBatch batch = await fleet.BackupAsync(process);
        Assert.Equal(4, batch.ReleasedCount);
        List<string> calls = [.. process.Calls];
        Assert.True(calls.LastIndexOf("vss import") < calls.IndexOf("read disk"));
        Assert.True(calls.IndexOf("vss delete") > calls.LastIndexOf("read disk"));
        Assert.True(calls.IndexOf("vss delete") < calls.IndexOf("vss abort"));
        Assert.Equal(0, proxy.Count);
        RequireNothingLeft(fleet);
        Assert.Equal(4, await fleet.CheckPointsAsync());
    }

    [Fact]
    public async Task Where_an_import_fails_nothing_of_it_is_left_and_machines_are_read_from_their_checkpoints()
    {
        using Fleet fleet = await NewFleetAsync(27, 2);
        SimulatedVss proxy = UseProxy(fleet);
        proxy.FailsImports = true;
        HostedBatch batch = await fleet.BackupAsync(fleet.NewProcess());
        Assert.Equal(0, batch.ReleasedCount);
        Assert.Equal(0, proxy.Count);
        RequireNothingLeft(fleet);
        Assert.Equal(2, await fleet.CheckPointsAsync());
    }

    /// <summary>What was made stays though who asked for it is gone.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_kill_at_any_call_of_the_service_leaves_no_shadow_copy_after_the_next_batch(bool hasProxy)
    {
        int left = 0;
        int kills = 0;
        for (int number = 1; ; number++)
        {
            using Fleet fleet = await NewFleetAsync(25, 2);
            SimulatedVss? proxy = hasProxy ? UseProxy(fleet) : null;
            SimulatedProcess killed = fleet.NewProcess();
            int asked = 0;
            killed.Watch = call => killed.KilledBefore = call.StartsWith("vss ", StringComparison.Ordinal)
                && ++asked == number
                    ? killed.Calls.Count + 1
                    : killed.KilledBefore;
            Exception? end = await Record.ExceptionAsync(() => fleet.BackupAsync(killed));
            if (asked < number)
            {
                Assert.Null(end);
                break;
            }

            Assert.IsType<ProcessKilledException>(end);
            kills++;
            left += fleet.Host.Vss.Count + (proxy?.Count ?? 0);
            fleet.Host.Advance(TimeSpan.FromMinutes(1));
            await fleet.BackupAsync(fleet.NewProcess());
            RequireNothingLeft(fleet);
            Assert.Equal(0, proxy?.Count ?? 0);
            await fleet.CheckPointsAsync();
        }

        output.WriteLine($"{kills} kills, {left} shadow copies that the next batch took away");
        Assert.True(left > 5);
    }

    private static async Task<Fleet> NewFleetAsync(int seed, int count)
    {
        Fleet fleet = await Fleet.MakeAsync(seed, count, number => number % 2 == 0 ? "CSV1" : "D:", _ => true);
        fleet.WithVolumes = process => new VssVolumes(
            new SimulatedRequester((SimulatedProcess)process, fleet.Host.Vss));
        return fleet;
    }

    private static SimulatedVss UseProxy(Fleet fleet)
    {
        SimulatedVss proxy = new(fleet.Host) { Origin = fleet.Host.Vss };
        fleet.WithVolumes = process => new VssVolumes(
            new SimulatedRequester((SimulatedProcess)process, fleet.Host.Vss),
            new SimulatedRequester((SimulatedProcess)process, proxy));
        return proxy;
    }

    private static void RequireNothingLeft(Fleet fleet)
    {
        Assert.Equal(0, fleet.Host.Vss.Count);
        fleet.RequireNothingLeft();
    }
}
