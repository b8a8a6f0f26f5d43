using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Hosts.Batches;
using HyperVBackup.Hosts.VolumeSnapshots;
using HyperVBackup.Operations;
using HyperVBackup.Operations.Hosted;
using HyperVBackup.Repository;
using HyperVBackup.SimulatedHost;
using HyperVBackup.SimulatedHost.Machines;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Hosts.Tests.Kit;

/// <summary>Many machines on one simulated host, a repository, and what every restore point must restore to.</summary>
internal sealed class Fleet : IDisposable
{
    private readonly World world;
    private readonly Dictionary<SessionId, SimulatedCheckpoint> truth = [];

    private Fleet(World world) => this.world = world;

    public SimulatedHyperV Host => world.Host;

    public List<SimulatedMachine> Machines { get; } = [];

    public List<string> Warnings => world.Warnings;

    /// <summary>Changes what is asked for.</summary>
    public Func<HostOptions, HostOptions> WithOptions { get; set; } = options => options;

    /// <summary>Changes what snapshots are asked through.</summary>
    public Func<IVolumeSnapshots, IVolumeSnapshots> WithVolumes { get; set; } = volumes => volumes;

    /// <param name="volumeOf">The volume that a machine is on.</param>
    /// <param name="isWriting">Whether a machine's guest writes all the time.</param>
    public static async Task<Fleet> MakeAsync(
        int seed, int count, Func<int, string> volumeOf, Func<int, bool> isWriting)
    {
        Fleet fleet = new(await World.MakeAsync(seed));
        fleet.Host.Remove(fleet.world.Machine);
        for (int number = 0; number < count; number++)
        {
            SimulatedMachine machine = fleet.Host.AddMachine($"machine{number}");
            machine.AddDisk($"disk{number}", World.DiskBytes).WriteRandomly(20);
            machine.Volume = volumeOf(number);
            machine.IsWriting = isWriting(number);
            fleet.Machines.Add(machine);
        }

        return fleet;
    }

    public async Task<HostedBatch> BackupAsync(
        SimulatedProcess process, BatchOptions? options = null, Action<BatchResult>? done = null)
    {
        world.Store.Before = call => process.Call($"store {call.Kind}", () => true);
        try
        {
            (BackupRepository repository, BackupEngine engine) = await world.OpenAsync();
            RecordedPoints recorded = new(repository);
            List<HostedMachine> machines = [.. Machines.Select(machine => HostedMachine.Find(
                WithOptions(new HostOptions { Machine = machine.Id, Owner = HostedBackup.OwnerOf(repository) }),
                process.NewEnvironment(recorded.Of(machine.Id), Warnings.Add)))];
            HostedBatch batch = new(
                repository, engine, process.NewEnvironment(_ => false, Warnings.Add), WithVolumes(process),
                options ?? new BatchOptions());
            await batch.BackupAsync(
                machines, done: done, token: process.Interruption?.Token ?? CancellationToken.None);
            return batch;
        }
        finally
        {
            world.Store.Before = null;
            process.Kill(); // it ends
            await LearnTruthAsync();
        }
    }

    /// <summary>How often the repository's points are listed to learn what those of every machine record.</summary>
    public async Task<int> CountListingsAsync()
    {
        List<RestorePoint> points = await PointsAsync();
        (BackupRepository repository, _) = await world.OpenAsync();
        RecordedPoints recorded = new(repository);
        int listings = 0;
        world.Store.Before = call => listings += call is { Kind: StoreCallKind.List, Name: "points/" } ? 1 : 0;
        foreach (SimulatedMachine machine in Machines)
        {
            Func<string, bool> isRecorded = recorded.Of(machine.Id);
            Assert.All(points, point => Assert.Equal(
                point.VmIdentity == machine.Id.ToString("D"), isRecorded(point.Disks[0].TrackingId!)));
        }

        world.Store.Before = null;
        return listings;
    }

    public SimulatedProcess NewProcess() => world.NewProcess();

    public Task<List<RestorePoint>> PointsAsync() => world.PointsAsync();

    /// <summary>Every point restores to the bytes of the checkpoint that it is of.</summary>
    public async Task<int> CheckPointsAsync()
    {
        List<RestorePoint> points = await PointsAsync();
        foreach (RestorePoint point in points)
        {
            DiskPoint disk = Assert.Single(point.Disks);
            Assert.True((await world.ReadAsync(point, disk)).AsSpan()
                .SequenceEqual(truth[point.Id].Contents[Guid.Parse(disk.Identity)]));
            Assert.Equal(3, point.ConfigurationFiles.Count);
        }

        return points.Count;
    }

    /// <summary>No snapshot of a volume, no checkpoint, and one reference point of each machine at most.</summary>
    public void RequireNothingLeft(int checkpoints = 0)
    {
        Assert.Equal(0, Host.Volumes.Count);
        Assert.Equal(checkpoints, Machines.Sum(machine => machine.Checkpoints.Count));
        Assert.All(Machines, machine => Assert.InRange(machine.ReferencePoints.Count, 0, 1));
    }

    public void Dispose() => world.Dispose();

    private async Task LearnTruthAsync()
    {
        foreach (RestorePoint point in await PointsAsync())
        {
            truth.TryAdd(point.Id, Host.Asked.Last(
                checkpoint => checkpoint.Contents.ContainsKey(Guid.Parse(point.Disks[0].Identity))));
        }
    }
}
