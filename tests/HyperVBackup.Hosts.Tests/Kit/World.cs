using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Hosts.Checkpoints;
using HyperVBackup.Operations;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Hosted;
using HyperVBackup.Repository;
using HyperVBackup.Repository.Maps;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.SimulatedHost;
using HyperVBackup.SimulatedHost.Images;
using HyperVBackup.SimulatedHost.Machines;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.Hosts.Tests.Kit;

/// <summary>A simulated host with a machine, a repository, and what every restore point must restore to.</summary>
internal sealed class World : IDisposable
{
    public const int DiskBytes = 512 << 10;
    private const int ChunkSizeBytes = 16 << 10;
    private const string OthersName = "Other product 2026-01-02";

    private static readonly EngineOptions Frugal = new() { WorkerCount = 1, InFlightBytes = 8 << 20 };

    private readonly TestFolder folder = TestFolder.InMemory();
    private readonly MemoryStore store = new();
    private readonly Dictionary<SessionId, IReadOnlyDictionary<Guid, byte[]>> truth = [];
    private readonly HashSet<Guid> others = [];
    private int processCount;

    /// <param name="isBusy">A user's checkpoint and another program's reference point are there.</param>
    private World(int seed, bool isBusy, MachineKind kind)
    {
        Host = new SimulatedHyperV(folder.Path, seed);
        Machine = Host.AddMachine("Accounts", kind == MachineKind.OldWithVhd ? "5.0" : "10.0");
        Machine.IsTracked = kind == MachineKind.Tracked;
        Machine.BeginsTracking = kind == MachineKind.TrackedFromFirstPoint;
        foreach (string name in (string[])["system", "data"])
        {
            Machine.AddDisk(name, DiskBytes, isVhd: kind == MachineKind.OldWithVhd).WriteRandomly(30);
        }

        if (isBusy)
        {
            Others(Machine.CreateCheckpoint("Before the update", false, Host.Now).Id);
            Others(Machine.Convert(Machine.CreateCheckpoint(OthersName, true, Host.Now)).Id);
        }
    }

    /// <summary>The host that the machine is on.</summary>
    public SimulatedHyperV Host { get; private set; }

    public SimulatedMachine Machine { get; }

    public BackupRepository Repository { get; private set; } = null!;

    public List<string> Warnings { get; } = [];

    /// <summary>Changes what is asked for.</summary>
    public Func<HostOptions, HostOptions> WithOptions { get; set; } = options => options;

    /// <summary>Changes what it is asked through.</summary>
    public Func<HostEnvironment, HostEnvironment> WithEnvironment { get; set; } = environment => environment;

    /// <summary>Takes the place of the simulated notes.</summary>
    public ICheckpointJournals? Journals { get; set; }

    public MemoryStore Store => store;

    /// <summary>A folder to restore into.</summary>
    public string NewFolder(string name) => folder.Folder(name);

    public double AuditPercent { get; set; }

    public int WrongPoints { get; private set; }

    public static async Task<World> MakeAsync(
        int seed = 1, bool isBusy = false, MachineKind kind = MachineKind.Tracked)
    {
        World world = new(seed, isBusy, kind);
        RepositoryEnvironment environment = world.NewEnvironment(0);
        RepositorySettings settings = new()
        {
            ChunkSizeBytes = ChunkSizeBytes,
            Created = environment.Clock.GetUtcNow(),
        };
        world.Repository = await BackupRepository.InitializeAsync(
            world.store, settings, environment, CancellationToken.None);
        return world;
    }

    /// <summary>Another program's checkpoint, as those are that give theirs a name.</summary>
    public void MakeOthersCheckpoint(string name = OthersName) =>
        Others(Machine.CreateCheckpoint(name, true, Host.Now).Id);

    /// <summary>Counts it among what must stay.</summary>
    public void KeepsOthers(SimulatedCheckpoint checkpoint) => Others(checkpoint.Id);

    /// <summary>Its maker took it away.</summary>
    public void ForgetsOthers(SimulatedCheckpoint checkpoint) => others.Remove(checkpoint.Id);

    /// <inheritdoc cref="KeepsOthers(SimulatedCheckpoint)"/>
    public void KeepsOthers(SimulatedReferencePoint point) => Others(point.Id);

    public void MakeOthersReferencePoint() =>
        Others(Machine.Convert(Machine.CreateCheckpoint(OthersName, true, Host.Now)).Id);

    /// <summary>Another node has the machine from now on.</summary>
    public void MoveTo(SimulatedHyperV node)
    {
        Host.MoveTo(node, Machine);
        Host = node;
    }

    public SimulatedProcess NewProcess() => new(Host) { Files = HostedRestore.LocalFiles };

    /// <summary>Backs another machine of the host up.</summary>
    public async Task<RestorePoint> BackupOfAsync(SimulatedMachine machine)
    {
        SimulatedProcess process = NewProcess();
        HostEnvironment environment = process.NewEnvironment(
            HostedBackup.RecordedBy(Repository, machine.Id), Warnings.Add);
        HostedMachine found = HostedMachine.Find(Options() with { Machine = machine.Id }, environment);
        RestorePoint point = (await NewEngine().BackupAsync(HostedBackup.RequestFor(found))).Point;
        process.Kill();
        return point;
    }

    /// <summary>Restores a machine as a whole in a process, which may be killed.</summary>
    public async Task<HostedRestoreReport> ImportAsync(HostedRestoreRequest request, SimulatedProcess? process = null)
    {
        process ??= NewProcess();
        store.Before = call => process.Call($"store {call.Kind}", () => true);
        try
        {
            return await new HostedRestore(Repository, NewEngine()).ImportAsync(
                request, process.NewEnvironment(_ => false, Warnings.Add), null, TokenOf(process));
        }
        finally
        {
            store.Before = null;
            process.Kill(); // it ends
        }
    }

    public Task<BackupReport> BackupAsync() => BackupAsync(NewProcess());

    /// <summary>Backs the machine up in a process, which may be killed.</summary>
    /// <param name="amid">Done once, when the first disk is about to be read.</param>
    public async Task<BackupReport> BackupAsync(SimulatedProcess process, Action? amid = null)
    {
        store.Before = call => process.Call($"store {call.Kind}", () => true);
        int asked = Host.Asked.Count;
        try
        {
            Action<string>? watch = process.Watch;
            process.Watch = name =>
            {
                watch?.Invoke(name);
                if (name == "read disk")
                {
                    process.Watch = watch;
                    amid?.Invoke();
                }
            };
            return await RunAsync(process);
        }
        finally
        {
            store.Before = null;
            process.Kill(); // it ends
            await LearnTruthAsync(asked);
        }
    }

    /// <summary>The same, where it is killed or fails.</summary>
    public async Task<Exception?> TryBackupAsync(SimulatedProcess process, Action? amid = null)
    {
        try
        {
            await BackupAsync(process, amid);
            return null;
        }
        catch (Exception failure)
        {
            return failure;
        }
    }

    /// <summary>Where nothing proves whose a checkpoint is, the refusal names it, and one does as it says: all are told
    /// whose they are, and it is run again.</summary>
    /// <returns>How many of ours were left.</returns>
    public async Task<int> BackupNamingLeftoversAsync()
    {
        if (await TryBackupAsync(NewProcess()) is not { } refusal)
        {
            return 0;
        }

        string[] left = [.. OwnCheckpointsLeft().Select(IdOf)];
        Assert.Contains("no other is made beside them", refusal.Message);
        Assert.All(left, id => Assert.Contains(id, refusal.Message));
        Assert.All(left, id => Assert.Contains(Warnings, warning => warning.Contains(id)));
        WithOptions = options => options with
        {
            OwnCheckpoints = left,
            OthersCheckpoints = [.. Machine.Checkpoints.Select(IdOf).Except(left)],
        };
        await BackupAsync();
        return left.Length;
    }

    public Task<List<RestorePoint>> PointsAsync() => Repository.ListPointsAsync(CancellationToken.None);

    public async Task<RestorePoint> NewestPointAsync() =>
        (await PointsAsync()).MaxBy(point => point.Sequence)!;

    /// <summary>Every point restores to the bytes of the checkpoint that it was read of.</summary>
    /// <returns>How many there are.</returns>
    public async Task<int> CheckPointsAsync()
    {
        List<RestorePoint> points = await PointsAsync();
        foreach (RestorePoint point in points)
        {
            IReadOnlyDictionary<Guid, byte[]> contents = truth[point.Id];
            Assert.Equal(contents.Count, point.Disks.Count);
            foreach (DiskPoint disk in point.Disks)
            {
                byte[] read = await ReadAsync(point, disk);
                if (!read.AsSpan().SequenceEqual(contents[Guid.Parse(disk.Identity)]))
                {
                    WrongPoints++;
                }
            }
        }

        return points.Count;
    }

    /// <summary>The checkpoints that nobody else made.</summary>
    public List<SimulatedCheckpoint> OwnCheckpointsLeft() => [.. Machine.Checkpoints.Where(checkpoint =>
        !others.Contains(checkpoint.Id) && !(Machine.OtherProduct?.Things.Contains(checkpoint.Id) ?? false))];

    /// <summary>Nothing of ours is on the host but the reference point that the next changes start from; everything of
    /// others is.</summary>
    public void RequireNothingLeft(int ownReferencePoints = 1, int ownCheckpoints = 0)
    {
        List<Guid> there = [.. Machine.Checkpoints.Select(checkpoint => checkpoint.Id)
            .Concat(Machine.ReferencePoints.Select(point => point.Id))];
        HashSet<Guid> others = [.. this.others, .. Machine.OtherProduct?.Things ?? []];
        Assert.Equal(0, Machine.OtherProduct?.TakenFromIt ?? 0);
        Assert.Empty(others.Except(there));
        Assert.Equal(ownCheckpoints, Machine.Checkpoints.Count(checkpoint => !others.Contains(checkpoint.Id)));
        Assert.Equal(ownReferencePoints, Machine.ReferencePoints.Count(point => !others.Contains(point.Id)));
        foreach (SimulatedDisk disk in Machine.Disks)
        {
            // A file is written when somebody is to read it, so that there may be less than one for each image.
            int files = Directory.GetFiles(Path.GetDirectoryName(disk.Path)!, "*.*vhd*").Length;
            // Who goes back to a checkpoint has branches, whose images stay as long as one of them is needed.
            int most = Machine.LastApplied is null ? 1 + Machine.Checkpoints.Count : int.MaxValue;
            Assert.InRange(files / Machine.Disks.Count, 1, most);
        }
    }

    public HostOptions Options() => WithOptions(new HostOptions
    {
        Machine = Machine.Id,
        Owner = HostedBackup.OwnerOf(Repository),
    });

    public HostEnvironment EnvironmentOf(SimulatedProcess process)
    {
        HostEnvironment environment = process.NewEnvironment(
            HostedBackup.RecordedBy(Repository, Machine.Id), Warnings.Add);
        return WithEnvironment(Journals is null ? environment : environment with { Journals = Journals });
    }

    /// <summary>The repository as another process opens it.</summary>
    public async Task<(BackupRepository Repository, BackupEngine Engine)> OpenAsync()
    {
        processCount++;
        RepositoryEnvironment environment = NewEnvironment(processCount);
        BackupRepository opened = await BackupRepository.OpenAsync(store, environment, CancellationToken.None);
        return (opened, new BackupEngine(opened, environment, Frugal));
    }

    public BackupEngine NewEngine() => new(Repository, NewEnvironment(0), Frugal);

    public async Task<byte[]> ReadAsync(RestorePoint point, DiskPoint disk)
    {
        await using ReadingSession session =
            await Repository.OpenReadingSessionAsync(LeaseKind.Restore, point.Id, CancellationToken.None);
        DiskMap map = new(disk.ChunkSizeBytes, disk.VirtualSizeBytes, disk.TopNode, disk.TopPlace);
        byte[] bytes = new byte[map.ChunkCount * map.ChunkSizeBytes];
        DiskMapCursor cursor = new(new DiskMapReader(map, session.Nodes), 0, map.ChunkCount);
        while (await cursor.MoveNextAsync(CancellationToken.None))
        {
            Memory<byte> chunk = bytes.AsMemory((int)(cursor.ChunkIndex * map.ChunkSizeBytes), map.ChunkSizeBytes);
            await session.ReadChunkAsync(cursor.Chunk.Id, cursor.Chunk.Place, chunk, CancellationToken.None);
        }

        return bytes[..(int)disk.VirtualSizeBytes];
    }

    public void Dispose() => folder.Dispose();

    private void Others(Guid id) => others.Add(id);

    private async Task<BackupReport> RunAsync(SimulatedProcess process)
    {
        (_, BackupEngine engine) = await OpenAsync();
        HostedMachine machine = HostedMachine.Find(Options(), EnvironmentOf(process));
        return await engine.BackupAsync(
            HostedBackup.RequestFor(machine) with { AuditPercent = AuditPercent }, null, TokenOf(process));
    }

    private static CancellationToken TokenOf(SimulatedProcess process) =>
        process.Interruption?.Token ?? CancellationToken.None;

    private async Task LearnTruthAsync(int askedBefore)
    {
        foreach (RestorePoint point in await PointsAsync())
        {
            if (!truth.ContainsKey(point.Id))
            {
                Assert.True(Host.Asked.Count > askedBefore);
                truth.Add(point.Id, Host.Asked[^1].Contents);
            }
        }
    }

    private RepositoryEnvironment NewEnvironment(int process)
    {
        Random random = new(process);
        return new RepositoryEnvironment
        {
            Clock = new FixedClock(),
            Randomness = bytes =>
            {
                lock (random)
                {
                    random.NextBytes(bytes);
                }
            },
            HostName = "host",
            ProcessId = (uint)process + 1,
            IsProcessAlive = _ => false,
            MemoryBudgetBytes = 64 << 20,
        };
    }

    private sealed class FixedClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    }

    private static string IdOf(SimulatedCheckpoint checkpoint) =>
        $"Microsoft:{checkpoint.Id.ToString("D").ToUpperInvariant()}";
}
