using HyperVBackup.Disks;
using HyperVBackup.Format;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Tests.Kit;
using HyperVBackup.Repository.Index;
using HyperVBackup.Repository.Maintenance.Repair;
using HyperVBackup.Repository.Parity;
using HyperVBackup.Repository.Pins;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Storage.Files;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Simulation.Crashes;

/// <summary>Every verb that writes to a repository, and what it does there.</summary>
internal static class CrashVerbs
{
    private const int LargeDiskBytes = 2 << 20; // of two batches
    private const int ComparisonHeaderBytes = 120;
    private static readonly DateTimeOffset later = new(2027, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static IReadOnlyList<CrashVerb> All { get; } =
    [
        new("init", Nothing, world => world.InitializeAsync()),
        new("backup, full", EmptyAsync, world => world.TrackAsync()),
        new("backup, incremental, delta records", OnePointAsync, world => world.TrackAsync())
        {
            Kept = async (_, bench) => (await bench.Repository.MeasureAsync(default)).DeltaRecordCount > 0,
        },
        new("backup, recovered", OnePointAsync, ChangeAndBackupAsync),
        new("backup, a source is caught", OnePointAsync, world => world.CatchAsync()),
        new("backup, a comparison is resumed", HalfComparedAsync, ResumeAsync),
        new("backup, two disks", TwoDisksAsync, ChangeAndBackupAsync),
        new("backup, immutable", OnePointAsync, world => world.BackupAsync(
            request => request with { ImmutableUntil = later })),
        new("backup, given up and run again", OnePointAsync, BackupGivenUpAsync),
        new("backup after a kill", KilledBackupAsync, ChangeAndBackupAsync),
        new("backup after a kill at a pack's name", KilledAtPackAsync, ChangeAndBackupAsync),
        new("backup after a kill at its point's name", KilledAtPointAsync, ChangeAndBackupAsync),
        new("synthesize", ThreePointsAsync, world => world.SynthesizeAsync(isSequential: false)),
        new("synthesize --sequential", ThreePointsAsync, world => world.SynthesizeAsync(isSequential: true)),
        new("restore", ThreePointsAsync, RestoreAsync),
        new("verify", ThreePointsAsync, world => world.Bench.VerifyAsync()),
        new("rebuild-index", ThreePointsAsync, RebuildIndexAsync),
        new("protect", ThreePointsAsync, world => world.Bench.Repository
            .NewProtection(new ProtectOptions { ParityPercent = 10, WorkerCount = 1 })
            .RunAsync(new Progress<ProtectProgress>(), default)),
        new("repair, in place", RottenMapAsync, world => world.Bench.Repository
            .NewRepair(new RepairOptions { WorkerCount = 1 }).RunAsync(new Progress<RepairProgress>(), default))
        {
            Kept = async (_, bench) => (await bench.VerifyAsync()).Damage.Count == 0,
        },
        new("sessions --end", KilledBackupAsync, EndSessionsAsync),
        new("pin", ThreePointsAsync, world => world.Pins().PinAsync(world.Points[0], default))
        {
            Kept = async (world, bench) =>
                (await new PointPins(bench.Repository).ReadAsync(default)).Holds(world.Points[0]),
        },
        new("pin --immutable", ThreePointsAsync, world => world.Pins().HoldAsync(world.Points[0], later, default))
        {
            Kept = async (world, bench) =>
                (await new PointPins(bench.Repository).ReadAsync(default)).IsImmutable(world.Points[0]),
        },
        new("pin --remove", PinnedAsync, world => world.Pins().RemoveAsync(world.Points[0], false, default)),
        new("prune", ThreePointsAsync, world => world.PruneAsync())
        {
            Kept = async (_, bench) => (await bench.Repository.ListShownPointsAsync()).Count == 1,
        },
        new("collect", PrunedAsync, world => world.CollectAsync(repacks: false))
        {
            Kept = async (_, bench) => (await bench.PointsAsync()).Count == 1,
        },
        new("collect, repacking", PrunedAsync, world => world.CollectAsync(repacks: true)),
        new("collect after a kill", KilledBackupAsync, world => world.CollectAsync(repacks: false)),
        new("collect after a kill at a pack's name", KilledRepackAsync, world => world.CollectAsync(repacks: true)),
        new("collect after a kill at its decision", KilledAtDecisionAsync, CollectTwiceAsync),
        new("collect after a kill at its last deletion", KilledAtDeletionAsync, CollectTwiceAsync),
        new("collect after a kill at a point's deletion", KilledAtGoingPointAsync, CollectTwiceAsync),
        new("backup after a kill at a point's deletion", KilledAtGoingPointAsync, ChangeAndBackupAsync),
        new("collect after a kill at a prune mark", KilledAtMarkAsync, world => world.CollectAsync(repacks: false)),
        new("collect after a kill at a pin's removal", KilledAtPinAsync, world => world.CollectAsync(repacks: false)),
    ];

    public static CrashVerb Named(string name) => All.Single(verb => verb.Name == name);

    private static Task Nothing(CrashWorld world) => Task.CompletedTask;

    private static Task EmptyAsync(CrashWorld world) => world.InitializeAsync();

    private static async Task OnePointAsync(CrashWorld world)
    {
        await world.InitializeAsync();
        await world.TrackAsync();
    }

    private static async Task ThreePointsAsync(CrashWorld world)
    {
        await OnePointAsync(world);
        await world.TrackAsync();
        await world.TrackAsync();
    }

    /// <summary>A byte of one copy of a map pack rots.</summary>
    private static async Task RottenMapAsync(CrashWorld world)
    {
        const int RotAt = 400;
        await ThreePointsAsync(world);
        await world.BeginAsync();
        world.Rotten = world.Files.FilePaths
            .First(path => path.StartsWith($"{CrashWorld.Root}/maps/", StringComparison.Ordinal));
        using IStoreFile file = world.Files.TryOpenWrite(world.Rotten)!;
        byte[] rotten = new byte[1];
        file.Read(rotten, RotAt);
        rotten[0] ^= 1;
        file.Write(rotten, RotAt);
        file.Flush();
    }

    private static async Task TwoDisksAsync(CrashWorld world)
    {
        world.Disks["system"] = Content.RandomDisk((3 * CrashWorld.Chunk) + 1, 9);
        await world.InitializeAsync();
        await world.BackupAsync();
    }

    private static async Task PinnedAsync(CrashWorld world)
    {
        await ThreePointsAsync(world);
        await world.Pins().PinAsync(world.Points[0], default);
    }

    private static async Task PrunedAsync(CrashWorld world)
    {
        await ThreePointsAsync(world);
        await world.PruneAsync();
    }

    /// <summary>A backup was killed when its packs stood, just before it would have published its point.</summary>
    private static async Task KilledBackupAsync(CrashWorld world)
    {
        await OnePointAsync(world);
        await world.TrackAsync();
        await world.KillAsync(LastNamed(world, "points/") - 1);
    }

    /// <summary>A backup was killed when its pack had its name, just before that would have been flushed.</summary>
    private static async Task KilledAtPackAsync(CrashWorld world)
    {
        await OnePointAsync(world);
        await world.TrackAsync();
        await world.KillAsync(LastNamed(world, "packs/"));
    }

    /// <summary>The same of its point.</summary>
    private static async Task KilledAtPointAsync(CrashWorld world)
    {
        await OnePointAsync(world);
        await world.TrackAsync();
        await world.KillAsync(LastNamed(world, "points/"));
    }

    /// <summary>The same of a collector that rewrites packs.</summary>
    private static async Task KilledRepackAsync(CrashWorld world)
    {
        await PrunedAsync(world);
        await world.BeginAsync();
        await world.CollectAsync(repacks: true);
        await world.KillAsync(LastNamed(world, "packs/"));
    }

    /// <summary>A collector was killed when its decision had its name, just before that would have been flushed.
    /// </summary>
    private static Task KilledAtDecisionAsync(CrashWorld world) => KilledCollectionAsync(world, "retired/");

    /// <summary>A collector was killed when its file in a folder had its name, just before that would have been
    /// flushed.</summary>
    public static async Task KilledCollectionAsync(CrashWorld world, string folder)
    {
        await PrunedAsync(world);
        await world.BeginAsync();
        await world.CollectAsync(repacks: false);
        await world.KillAsync(LastNamed(world, folder));
    }

    /// <summary>A collector was killed when it had deleted all, just before it would have flushed the last.</summary>
    private static async Task KilledAtDeletionAsync(CrashWorld world)
    {
        await PrunedAsync(world);
        await world.BeginAsync();
        await world.CollectAsync(repacks: false);
        await world.KillAsync(1 + world.Files.Operations.ToList().FindLastIndex(operation =>
            operation.Kind == FileOperationKind.Delete
            && operation.Path.StartsWith($"{CrashWorld.Root}/mirror/maps/", StringComparison.Ordinal)));
    }

    /// <summary>A collector was killed when it had deleted a point, of which no pack goes, just before it would have
    /// flushed that.</summary>
    private static async Task KilledAtGoingPointAsync(CrashWorld world)
    {
        await world.InitializeAsync();
        await world.BackupAsync();
        await world.BackupAsync();
        await world.PruneAsync();
        await world.BeginAsync();
        await world.CollectAsync(repacks: false);
        await world.KillAsync(1 + world.Files.Operations.ToList().FindLastIndex(operation =>
            operation.Kind == FileOperationKind.Delete
            && operation.Path.StartsWith($"{CrashWorld.Root}/points/", StringComparison.Ordinal)));
    }

    /// <summary>A prune was killed when its mark had its name, just before that would have been flushed.</summary>
    private static async Task KilledAtMarkAsync(CrashWorld world)
    {
        await ThreePointsAsync(world);
        await world.BeginAsync();
        await world.PruneAsync();
        await world.KillAsync(LastNamed(world, "pruned/"));
    }

    /// <summary>A point was pinned just before it was marked; and who removed the pin was killed just before that would
    /// have been flushed.</summary>
    private static async Task KilledAtPinAsync(CrashWorld world)
    {
        await ThreePointsAsync(world);
        await world.PruneAsync(() => world.Pins().PinAsync(world.Points[0], default));
        await world.BeginAsync();
        await world.Pins().RemoveAsync(world.Points[0], false, default);
        await world.KillAsync(1 + world.Files.Operations.ToList()
            .FindLastIndex(operation => operation.Kind == FileOperationKind.Delete));
    }

    /// <summary>How many operations there are up to the last that names a file in a folder.</summary>
    private static int LastNamed(CrashWorld world, string folder) => 1 + world.Files.Operations.ToList()
        .FindLastIndex(operation =>
            operation.ToPath?.StartsWith($"{CrashWorld.Root}/{folder}", StringComparison.Ordinal) == true);

    /// <summary>A comparison of the whole disk was killed when half of it was noted.</summary>
    private static async Task HalfComparedAsync(CrashWorld world)
    {
        world.Disks["disk"] = Content.RandomDisk(LargeDiskBytes, 3);
        await OnePointAsync(world);
        world.Change();
        world.Disk.Stamp = new DiskStamp("a state", DateTimeOffset.UnixEpoch);
        await world.RestartAsync(world.StateFolder.Path);
        await Assert.ThrowsAsync<InvalidDataException>(() => world.BackupAsync(
            disk => new TestSource(StoppedAtHalf(disk.Snapshot(), world.StateFolder.Path)), request => request));
    }

    /// <summary>The second half is not read, and that only once the first is noted.</summary>
    private static MemoryDisk StoppedAtHalf(MemoryDisk disk, string stateFolder)
    {
        disk.BeforeRead = range =>
        {
            if (range.EndBytes > LargeDiskBytes / 2)
            {
                SpinWait.SpinUntil(() => NotedBytes(stateFolder) > ComparisonHeaderBytes);
                throw new InvalidDataException("stopped");
            }
        };
        return disk;
    }

    private static long NotedBytes(string stateFolder) => Directory
        .GetFiles(Path.Join(stateFolder, "compared"), "*", SearchOption.AllDirectories)
        .Max(path => new FileInfo(path).Length);

    private static async Task ResumeAsync(CrashWorld world)
    {
        await world.RestartAsync(world.StateFolder.Path);
        Assert.NotEqual(0, (await world.BackupAsync()).BytesResumed[0]);
    }

    private static Task<BackupReport> ChangeAndBackupAsync(CrashWorld world)
    {
        world.Change();
        return world.BackupAsync();
    }

    /// <summary>Somebody takes the session for dead while it backs up.</summary>
    private static Task<BackupReport> BackupGivenUpAsync(CrashWorld world)
    {
        bool isEnded = false;
        world.Change();
        return world.BackupAsync(
            disk => new TestSource(disk.Snapshot())
            {
                Step = step =>
                {
                    if (step == "Seal" && !isEnded)
                    {
                        isEnded = true;
                        EndSessionsAsync(world).GetAwaiter().GetResult();
                    }
                },
            },
            request => request);
    }

    /// <summary>The second one does more than end the first.</summary>
    private static async Task CollectTwiceAsync(CrashWorld world)
    {
        await world.CollectAsync(repacks: false);
        await world.TrackAsync();
        await world.PruneAsync();
        await world.CollectAsync(repacks: false);
    }

    private static async Task EndSessionsAsync(CrashWorld world)
    {
        List<SessionAtWork> sessions = await world.Bench.Repository.ListSessionsAsync(default);
        Assert.NotEmpty(sessions);
        foreach (SessionAtWork session in sessions)
        {
            await world.Bench.Repository.EndSessionAsync(session.Id.ToString(), force: true, default);
        }
    }

    private static async Task RestoreAsync(CrashWorld world)
    {
        foreach (SessionId point in world.Points)
        {
            await world.Bench.ReadAsync(point, "disk");
        }
    }

    private static async Task RebuildIndexAsync(CrashWorld world)
    {
        await world.RestartAsync(world.StateFolder.Path);
        await world.Bench.Repository.RebuildIndexAsync(new Progress<IndexProgress>(), default);
    }
}
