using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;
using HyperVBackup.Format;
using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Points;
using HyperVBackup.Format.Records;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Restore;
using HyperVBackup.Operations.Tests.Kit;
using HyperVBackup.Repository.Maintenance.Collect;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using HyperVBackup.Testing.Tools;

namespace HyperVBackup.Simulation;

/// <summary>One machine's life: writes, backups of every kind, resizes, lies, syntheses, lost indexes, restarts; and a
/// plain copy of its disks for each point made.</summary>
internal sealed class History(IBlobStore store, int seed)
{
    private readonly Random random = new(seed);
    private readonly List<Machine> machines = [];
    private readonly Dictionary<SessionId, Dictionary<string, byte[]>> truth = [];
    private Bench bench = null!;
    private int processCount;
    private int stateCount;

    /// <summary>What was done, for a failure's message.</summary>
    public List<string> Log { get; } = [];

    public async Task RunAsync(int stepCount)
    {
        for (int disk = random.Next(1, 4); disk > 0; disk--)
        {
            string? identity = random.Next(2) == 0 ? null : $"id-{random.Next(2)}";
            machines.Add(new Machine(random, $"disk-{disk}", identity));
        }

        bench = await Bench.MakeAsync(store, (seed * 1000) + processCount++);
        await BackupAsync(isFull: false);
        for (int step = 0; step < stepCount; step++)
        {
            await StepAsync(random.Next(17));
        }
    }

    /// <summary>Holds every point ever made against what the disks were.</summary>
    /// <returns>How many points there are.</returns>
    public async Task<int> CheckAsync()
    {
        await RestartAsync();
        List<RestorePoint> points = await bench.Repository.ListShownPointsAsync();
        Require(points.Count == truth.Count, $"{points.Count} points stand where {truth.Count} were made");
        Require((await bench.VerifyAsync()).Damage.Count == 0, "verify finds damage");
        foreach (RestorePoint point in points)
        {
            Require(point.Disks.Count == truth[point.Id].Count, "a disk is missing");
            foreach (DiskPoint disk in point.Disks)
            {
                byte[] expected = truth[point.Id][disk.Name];
                byte[] found = await bench.ReadAsync(point.Id, disk.Name);
                int equal = found.AsSpan().CommonPrefixLength(expected);
                Require(
                    equal == expected.Length && equal == found.Length,
                    $"{disk.Name} of point {point.Sequence} differs at {equal} of {found.Length}");
            }
        }

        await RequireCanonicalAsync(points[^1]);
        return points.Count;
    }

    private Task StepAsync(int kind) => kind switch
    {
        0 or 1 or 2 => ScribbleAndBackupAsync(),
        3 or 4 => BackupAsync(isFull: false),
        5 => BackupAsync(isFull: true),
        6 => BackupAfterLiesAsync(),
        7 => SynthesizeAsync(isSequential: false),
        8 => SynthesizeAsync(isSequential: true),
        9 => RestartAsync(),
        10 => RestoreAsync(),
        11 => Do("resize", () => machines[random.Next(machines.Count)].Resize()),
        12 => Do("rename", Rename),
        13 or 14 => PruneAsync(),
        15 => CollectAsync(),
        _ => Do("scribble", () => machines.ForEach(machine => machine.Scribble(random.Next(1, 4)))),
    };

    private async Task ScribbleAndBackupAsync()
    {
        machines.ForEach(machine => machine.Scribble(random.Next(4)));
        await BackupAsync(isFull: false);
    }

    /// <summary>A new process: what was kept in memory is gone, the index among it.</summary>
    private async Task RestartAsync()
    {
        Log.Add("restart");
        bench = await Bench.ReopenAsync(store, (seed * 1000) + processCount++);
    }

    private async Task BackupAsync(bool isFull)
    {
        bench.AuditPercent = random.Next(3) switch { 0 => null, 1 => 0, _ => random.Next(101) };
        await BackupAsync(isFull, machine => SourceOf(machine));
    }

    /// <summary>An audit of everything sees through any lie about what is allocated.</summary>
    private async Task BackupAfterLiesAsync()
    {
        machines.ForEach(machine => machine.ChangeSecretly());
        bench.AuditPercent = 100;
        await BackupAsync(isFull: false, machine => SourceOf(machine));
        machines.ForEach(machine => machine.Forget());
    }

    private async Task BackupAsync(bool isFull, Func<Machine, TestSource> sourceOf)
    {
        List<Machine> chosen = [.. machines.Where(_ => random.Next(6) > 0)];
        chosen = chosen.Count == 0 ? [.. machines] : chosen;
        BackupRequest request = new()
        {
            VmName = Bench.Vm,
            Disks = [.. chosen.Select(machine =>
                new DiskRequest(machine.Name, sourceOf(machine)) { MayGainIdentity = true })],
            Full = isFull,
            AuditPercent = bench.AuditPercent,
        };
        Dictionary<string, byte[]> contents = chosen.ToDictionary(
            machine => machine.Name, machine => machine.Disk.Bytes.ToArray());
        BackupReport report = await bench.BackupAsync(request);
        truth[report.Point.Id] = contents;
        Log.Add($"backup {string.Join(", ", report.Point.Disks.Select(disk =>
            $"{disk.Name} {disk.Kind} {disk.LostReason}"))}");
    }

    private TestSource SourceOf(Machine machine)
    {
        string id = $"s{stateCount++}";
        TestSource source = random.Next(5) switch
        {
            0 => new TestSource(machine.Disk.Snapshot()) { Id = random.Next(2) == 0 ? id : null },
            1 => TestSource.Tracked(machine.Disk.Snapshot(), "never", id),
            _ when machine.KnownStates.Count == 0 => TestSource.Tracked(machine.Disk.Snapshot(), null, id),
            _ => Tracked(machine, machine.KnownStates.ElementAt(random.Next(machine.KnownStates.Count)), id),
        };
        machine.Remember(id);
        return source;
    }

    private static TestSource Tracked(Machine machine, string since, string id) =>
        TestSource.Tracked(machine.Disk.Snapshot(), since, id, machine.ChangesSince(since));

    private async Task SynthesizeAsync(bool isSequential)
    {
        List<RestorePoint> points = await bench.Repository.ListShownPointsAsync();
        RestorePoint at = points[random.Next(points.Count)];
        Log.Add($"synthesize {at.Sequence} {isSequential}");
        RestorePoint made = (await bench.SynthesizeAsync(at.Id.ToString(), isSequential)).Point;
        truth[made.Id] = truth[at.Id];
        Require(
            made.Disks.Select(disk => disk.Root).SequenceEqual(at.Disks.Select(disk => disk.Root)), "roots differ");
    }

    private async Task RestoreAsync()
    {
        using TestFolder folder = new();
        List<RestorePoint> points = await bench.Repository.ListShownPointsAsync();
        RestorePoint point = points[random.Next(points.Count)];
        DiskPoint disk = point.Disks[random.Next(point.Disks.Count)];
        ImageFormat format = (ImageFormat)random.Next(3);
        Log.Add($"restore {point.Sequence} {format}");
        string path = folder.File("image");
        await bench.RestoreAsync(
            new RestoreRequest { Point = point.Id, Disk = disk.Name, OutputPath = path, Format = format });
        using IDisk image = format == ImageFormat.Raw ? Disks.Raw.RawDisk.Open(path) : DiskImage.Open(path);
        byte[] found = new byte[truth[point.Id][disk.Name].Length];
        image.Read(0, found);
        Require(found.AsSpan().SequenceEqual(truth[point.Id][disk.Name]), $"{format} image differs");
    }

    /// <summary>Gives up any points but one.</summary>
    private async Task PruneAsync()
    {
        foreach (SessionId point in truth.Keys.Where(_ => random.Next(3) == 0).Take(truth.Count - 1).ToArray())
        {
            Log.Add($"prune {point}");
            await Marks.PutAsync(store, bench.Repository.Id, point);
            truth.Remove(point);
        }
    }

    /// <summary>Eagerly: almost every pack is rewritten.</summary>
    private async Task CollectAsync()
    {
        Log.Add("collect");
        CollectOptions options = new() { DeadPercentMax = random.Next(60), SmallPackCountMin = random.Next(2, 9) };
        await bench.Repository.NewCollector(options).RunAsync(new Progress<CollectProgress>(), default);
    }

    private Task Do(string what, Action step)
    {
        Log.Add(what);
        step();
        return Task.CompletedTask;
    }

    /// <summary>Two disks change names: what has an identity is known by it, what has none is another disk now.
    /// </summary>
    private void Rename()
    {
        Machine one = machines[random.Next(machines.Count)];
        Machine other = machines[random.Next(machines.Count)];
        (one.Name, other.Name) = (other.Name, one.Name);
    }

    /// <summary>The roots are those of an active full of the same bytes in a repository of its own.</summary>
    private async Task RequireCanonicalAsync(RestorePoint point)
    {
        Bench fresh = await Bench.MakeAsync(new MemoryStore(), seed);
        RestorePoint full = (await fresh.BackupAsync([.. truth[point.Id].Select(disk =>
            new DiskRequest(disk.Key, new TestSource(MemoryDisk.Of(disk.Value))))])).Point;
        foreach (DiskPoint disk in point.Disks)
        {
            Require(full.Disks.Single(made => made.Name == disk.Name).Root == disk.Root, "the root is not canonical");
        }
    }

    private void Require(bool holds, string complaint)
    {
        if (!holds)
        {
            throw new InvalidOperationException($"{complaint}; after {string.Join("; ", Log)}");
        }
    }
}
