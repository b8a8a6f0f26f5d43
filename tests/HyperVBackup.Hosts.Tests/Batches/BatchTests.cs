using System.Diagnostics;
using HyperVBackup.Format.Points;
using HyperVBackup.Hosts.Batches;
using HyperVBackup.Hosts.Tests.Kit;
using HyperVBackup.Hosts.VolumeSnapshots;
using HyperVBackup.Operations.Hosted;
using HyperVBackup.SimulatedHost;
using Xunit;

namespace HyperVBackup.Hosts.Tests.Batches;

public sealed class BatchTests(ITestOutputHelper output)
{
    /// <summary>How many machines a job has, if not a few.</summary>
    private const string CountVariable = "HVBACKUP_HOST_MACHINES";

    private const int FewMachines = 40;

    [Fact]
    public async Task All_machines_of_a_job_are_read_from_one_snapshot_of_each_volume()
    {
        int count = int.TryParse(Environment.GetEnvironmentVariable(CountVariable), out int many)
            ? many
            : FewMachines;
        using Fleet fleet = await Fleet.MakeAsync(
            1, count, number => number % 3 == 0 ? "CSV1" : "D:", number => number % 10 == 0);
        for (int run = 0; run < 2; run++)
        {
            int made = fleet.Host.Volumes.MadeCount;
            SimulatedProcess process = fleet.NewProcess();
            List<BatchResult> results = [];
            Stopwatch time = Stopwatch.StartNew();
            HostedBatch batch = await fleet.BackupAsync(process, done: results.Add);
            output.WriteLine($"{count} machines, {batch.SnapshotCount} snapshots, {time.Elapsed.TotalSeconds:F1} s");
            Assert.Equal(2, batch.SnapshotCount);
            Assert.Equal(2, fleet.Host.Volumes.MadeCount - made);
            Assert.Equal(count, batch.ReleasedCount);
            Assert.Equal(count, results.Count);
            Assert.All(results, result => Assert.Equal(
                run == 0 ? RestorePointKind.Full : RestorePointKind.Incremental, result.Report!.Point.Kind));
            RequireOrder(process.Calls);
            fleet.RequireNothingLeft();
        }

        Assert.All(fleet.Warnings, warning => Assert.StartsWith("The host warns of", warning));
        Assert.Equal(2 * count, await fleet.CheckPointsAsync());
    }

    [Fact]
    public async Task What_points_record_is_listed_once_for_all_machines_of_a_job()
    {
        using Fleet fleet = await Fleet.MakeAsync(10, 5, _ => "D:", _ => false);
        await fleet.BackupAsync(fleet.NewProcess());
        Assert.Equal(1, await fleet.CountListingsAsync());
    }

    [Fact]
    public async Task Limits_make_waves_each_with_snapshots_of_its_own()
    {
        using Fleet fleet = await Fleet.MakeAsync(2, 7, _ => "D:", _ => true);
        HostedBatch batch = await fleet.BackupAsync(
            fleet.NewProcess(), new BatchOptions { MachinesPerVolumeMax = 3 });
        Assert.Equal(3, batch.SnapshotCount);
        Assert.Equal(7, batch.ReleasedCount);
        fleet.RequireNothingLeft();
        Assert.Equal(7, await fleet.CheckPointsAsync());
    }

    [Fact]
    public async Task A_machine_that_fails_keeps_no_other_from_being_backed_up()
    {
        using Fleet fleet = await Fleet.MakeAsync(3, 4, _ => "D:", _ => true);
        fleet.Machines[1].OtherOperation = (32774, fleet.Host.Now + TimeSpan.FromDays(1));
        fleet.WithOptions = options => options with { BusyPatience = TimeSpan.Zero };
        List<BatchResult> results = [];
        await fleet.BackupAsync(fleet.NewProcess(), done: results.Add);
        Assert.Contains("busy", results[1].Failure!.Message);
        Assert.Equal(3, results.Count(result => result.Report is not null));
        fleet.RequireNothingLeft();
        Assert.Equal(3, await fleet.CheckPointsAsync());
    }

    [Fact]
    public async Task Where_a_volume_has_no_snapshot_its_machines_are_read_from_their_checkpoints()
    {
        using Fleet fleet = await Fleet.MakeAsync(4, 4, number => number < 2 ? "CSV1" : "D:", _ => true);
        fleet.Host.Volumes.Failing.Add("CSV1");
        HostedBatch batch = await fleet.BackupAsync(fleet.NewProcess());
        Assert.Equal(1, batch.SnapshotCount);
        Assert.Equal(2, batch.ReleasedCount);
        Assert.Contains(fleet.Warnings, warning => warning.Contains("0x8007173D"));
        fleet.RequireNothingLeft();
        Assert.Equal(4, await fleet.CheckPointsAsync());
    }

    /// <summary>Something else may merge images that are below the one that is read.</summary>
    [Fact]
    public async Task A_machine_with_users_checkpoints_is_read_from_its_own()
    {
        using Fleet fleet = await Fleet.MakeAsync(5, 3, _ => "D:", _ => true);
        fleet.Machines[0].CreateCheckpoint("Before the update", false, fleet.Host.Now);
        HostedBatch batch = await fleet.BackupAsync(fleet.NewProcess());
        Assert.Equal(2, batch.ReleasedCount);
        Assert.DoesNotContain(fleet.Warnings, warning => warning.Contains("is read from its checkpoint"));
        fleet.RequireNothingLeft(checkpoints: 1);
        Assert.Equal(3, await fleet.CheckPointsAsync());
    }

    [Fact]
    public async Task A_copy_that_is_of_another_disk_is_not_read()
    {
        using Fleet fleet = await Fleet.MakeAsync(9, 2, _ => "D:", _ => true);
        fleet.WithVolumes = volumes => new Swapped(volumes);
        HostedBatch batch = await fleet.BackupAsync(fleet.NewProcess());
        Assert.Equal(1, batch.ReleasedCount);
        Assert.Contains(fleet.Warnings, warning => warning.Contains("is not the disk"));
        fleet.RequireNothingLeft();
        Assert.Equal(2, await fleet.CheckPointsAsync());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Machines_that_nobody_tracks_are_read_from_snapshots_too(bool keepsCheckpoints)
    {
        using Fleet fleet = await Fleet.MakeAsync(6, 3, _ => "D:", _ => true);
        fleet.Machines.ForEach(machine => machine.IsTracked = false);
        fleet.WithOptions = options => options with { KeepCheckpoints = keepsCheckpoints };
        int most = 0;
        for (int run = 0; run < 3; run++)
        {
            SimulatedProcess process = fleet.NewProcess();
            process.Watch = call => most = call == "read disk"
                ? Math.Max(most, fleet.Machines.Sum(machine => machine.Checkpoints.Count))
                : most;
            HostedBatch batch = await fleet.BackupAsync(process);
            Assert.Equal(run == 0 || !keepsCheckpoints ? 3 : 0, batch.ReleasedCount);
            fleet.RequireNothingLeft(checkpoints: keepsCheckpoints ? 3 : 0);
        }

        Assert.Equal(keepsCheckpoints, most > 0);
        Assert.Equal(9, await fleet.CheckPointsAsync());
    }

    [Fact]
    public async Task A_snapshot_that_cannot_be_taken_away_is_taken_away_by_the_next_batch()
    {
        using Fleet fleet = await Fleet.MakeAsync(7, 2, _ => "D:", _ => true);
        fleet.Host.Volumes.IsStuck = true;
        await fleet.BackupAsync(fleet.NewProcess());
        Assert.Equal(1, fleet.Host.Volumes.Count);
        Assert.Contains(fleet.Warnings, warning => warning.Contains("The next batch tries again"));
        fleet.Host.Volumes.IsStuck = false;
        await fleet.BackupAsync(fleet.NewProcess());
        fleet.RequireNothingLeft();
        Assert.Equal(4, await fleet.CheckPointsAsync());
    }

    [Fact]
    public async Task A_machine_whose_images_are_not_told_is_read_from_its_checkpoint_and_the_others_go_on()
    {
        using Fleet fleet = await Fleet.MakeAsync(10, 3, _ => "D:", _ => true);
        SimulatedProcess process = fleet.NewProcess();
        bool isAsked = false;
        process.Watch = call =>
        {
            if (call == "base of disk" && process.Calls.Contains("CreateSnapshot") && !isAsked)
            {
                isAsked = true;
                throw new HostException("The image cannot be asked now.");
            }
        };
        HostedBatch batch = await fleet.BackupAsync(process);
        Assert.Equal(2, batch.ReleasedCount);
        Assert.Single(fleet.Warnings, warning => warning.Contains("cannot be asked now"));
        fleet.RequireNothingLeft();
        Assert.Equal(3, await fleet.CheckPointsAsync());
    }

    /// <summary>At each time that notes are written once a batch was interrupted.</summary>
    [Fact]
    public async Task Whatever_cannot_be_noted_while_a_batch_ends_all_machines_and_snapshots_are_let_go()
    {
        int failures = 0;
        for (bool isFailed = true; isFailed; failures++)
        {
            using Fleet fleet = await Fleet.MakeAsync(11, 3, number => number == 0 ? "CSV1" : "D:", _ => true);
            await fleet.BackupAsync(fleet.NewProcess());
            using CancellationTokenSource interruption = new();
            SimulatedProcess process = fleet.NewProcess();
            process.Interruption = interruption;
            int written = 0;
            process.Watch = call =>
            {
                if (call == "read disk")
                {
                    interruption.Cancel();
                }

                if (call == "write notes" && interruption.IsCancellationRequested && written++ == failures)
                {
                    throw new IOException("There is no space left.");
                }
            };
            await Assert.ThrowsAnyAsync<Exception>(() => fleet.BackupAsync(process));
            isFailed = written > failures;
            Assert.Equal(0, fleet.Host.Volumes.Count);
            Assert.All(fleet.Machines, machine => Assert.Empty(machine.Checkpoints));
            Assert.InRange(fleet.Machines.Count(machine => machine.ReferencePoints.Count > 1), 0, isFailed ? 1 : 0);
            await fleet.BackupAsync(fleet.NewProcess());
            fleet.RequireNothingLeft();
            await fleet.CheckPointsAsync();
        }

        output.WriteLine($"{failures - 1} failures");
        Assert.True(failures > 4);
    }

    /// <summary>Before each call of the host, its volumes, the notes and the store; in the suite before every sixth.
    /// </summary>
    [Fact]
    public async Task A_kill_at_any_call_leaves_no_snapshot_no_checkpoint_and_no_wrong_point()
    {
        int stride = Environment.GetEnvironmentVariable(CountVariable) is null ? 6 : 1;
        int steps = 1;
        int kills = 0;
        int left = 0;
        for (; ; steps += stride)
        {
            using Fleet fleet = await Fleet.MakeAsync(8, 2, number => number == 0 ? "CSV1" : "D:", _ => true);
            await fleet.BackupAsync(fleet.NewProcess());
            SimulatedProcess killed = fleet.NewProcess();
            killed.KilledBefore = steps;
            Exception? end = await Record.ExceptionAsync(() => fleet.BackupAsync(killed));
            if (killed.Calls.Count < steps)
            {
                Assert.Null(end);
                break;
            }

            Assert.IsType<ProcessKilledException>(end);
            kills++;
            left += fleet.Host.Volumes.Count;
            fleet.Host.Advance(TimeSpan.FromMinutes(1));
            await fleet.BackupAsync(fleet.NewProcess());
            fleet.RequireNothingLeft();
            List<RestorePoint> points = await fleet.PointsAsync();
            Assert.All(
                points.GroupBy(point => point.VmIdentity),
                chain => Assert.Equal(RestorePointKind.Incremental, chain.MaxBy(point => point.Sequence)!.Kind));
            await fleet.CheckPointsAsync();
        }

        output.WriteLine($"{steps - 1} calls, {kills} kills, {left} snapshots that the next batch took away");
        Assert.True(left > 10);
    }

    /// <summary>All checkpoints, then the snapshots, then all conversions, and only then the first disk is read.
    /// </summary>
    private static void RequireOrder(IReadOnlyList<string> calls)
    {
        int Last(string call) => calls.ToList().LastIndexOf(call);
        int First(string call) => calls.ToList().IndexOf(call);
        Assert.True(Last("CreateSnapshot") < First("create snapshot"));
        Assert.True(Last("create snapshot") < First("ConvertToReferencePoint"));
        Assert.True(Last("ConvertToReferencePoint") < First("read disk"));
    }

    /// <summary>Takes the first machine's files for the second's.</summary>
    private sealed class Swapped(IVolumeSnapshots volumes) : IVolumeSnapshots
    {
        public HostVolume VolumeOf(string path) => volumes.VolumeOf(path);

        public string NewName() => volumes.NewName();

        public void Create(string name, HostVolume volume) => volumes.Create(name, volume);

        public string PathIn(string name, string path) => volumes.PathIn(name, path)
            .Replace("machine1", "machine0", StringComparison.Ordinal)
            .Replace("disk1", "disk0", StringComparison.Ordinal);

        public void Delete(string name) => volumes.Delete(name);
    }
}
