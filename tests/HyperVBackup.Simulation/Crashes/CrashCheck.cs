using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Tests.Kit;
using HyperVBackup.Repository;
using HyperVBackup.Repository.Maintenance;
using HyperVBackup.Repository.Maintenance.Collect;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;

namespace HyperVBackup.Simulation.Crashes;

/// <summary>What must hold of a repository after any crash.</summary>
internal sealed class CrashCheck(CrashWorld world, CrashState state)
{
    /// <summary>Names the process that comes after the crash.</summary>
    public const int ProcessSeed = 1000;

    /// <summary>Unfinished files that nobody can tell from those of a process that is only beginning, but by their
    /// names' being taken.</summary>
    private static readonly string[] maybeAtWork = ["leases+", "pins+", "pruned+", "condemned+", "retired+"];

    private static readonly string[] kept =
    [
        "repository", "packs/", "maps/", "points/", "mirror/", "pruned/", "pins/", "condemned/", "retired/",
        "verified/", "damaged/", "parity/",
    ];

    private readonly RecordingFiles files = state.Open();
    private Bench bench = null!;

    public async Task RunAsync()
    {
        files.Opening = path => Require(!path.Contains("/.tmp/", StringComparison.Ordinal), $"{path} is read");
        bench = await OpenAsync(new FolderStore(CrashWorld.Root, files));
        List<RestorePoint> points = await RequirePointsAsync();
        await RequireSoundAsync("", damage => IsMissingCopy(damage) && damage.Points.Count == 0);
        SessionId next = await RequireNextAsync();
        RequireClean();
        await RequireSoundAsync(" after the next backup", _ => false);
        await RequireCollectedAsync(points, next);
    }

    /// <summary>Until 'init' returned, there may be no repository yet, and then it can be made.</summary>
    private async Task<Bench> OpenAsync(FolderStore store)
    {
        try
        {
            return await CrashWorld.ReopenAsync(store, ProcessSeed);
        }
        catch (Exception absence) when (
            absence is RepositoryUnusableException or StoreException && state.OperationCount < world.InitializedAt)
        {
            return await Bench.MakeAsync(store, ProcessSeed, CrashWorld.Chunk);
        }
    }

    /// <summary>Points that somebody was told of stand, and all that stand are whole.</summary>
    private async Task<List<RestorePoint>> RequirePointsAsync()
    {
        List<RestorePoint> points = await bench.PointsAsync();
        HashSet<SessionId> standing = [.. points.Select(point => point.Id)];
        foreach ((int operationCount, SessionId id) in world.Returned)
        {
            Require(
                operationCount > state.OperationCount || standing.Contains(id) || IsGoing(id),
                $"point {id} was reported and is gone");
        }

        List<RestorePoint> read = [];
        foreach (RestorePoint point in points)
        {
            try
            {
                await RequireBytesAsync(point.Id, world.Truth[point.Id]);
                read.Add(point);
            }
            catch (RestorePointNotFoundException) when (IsGoing(point.Id))
            {
                continue; // a collection names it: it counts as gone
            }
        }

        return read;
    }

    private bool IsGoing(SessionId point) =>
        world.Going.TryGetValue(point, out int operationCount) && operationCount <= state.OperationCount;

    private async Task RequireBytesAsync(SessionId point, Dictionary<string, byte[]> disks)
    {
        foreach ((string name, byte[] bytes) in disks)
        {
            byte[] found = await bench.ReadAsync(point, name);
            Require(found.AsSpan().SequenceEqual(bytes), $"{name} of point {point} differs");
        }
    }

    private async Task RequireSoundAsync(string when, Func<Damage, bool> isExpected)
    {
        VerificationReport report = await bench.VerifyAsync();
        Damage? damage = report.Damage.FirstOrDefault(found => !isExpected(found) && !IsRotten(found));
        Require(damage is null, $"verify finds {damage}{when}");
    }

    /// <summary>A second copy that was not put yet: the next session puts it.</summary>
    private bool IsMissingCopy(Damage damage) =>
        damage.File.StartsWith("mirror/", StringComparison.Ordinal)
        && files.TryGetLength($"{CrashWorld.Root}/{damage.File}") is null;

    private bool IsRotten(Damage damage) =>
        $"{CrashWorld.Root}/{damage.File}" == world.Rotten && damage.Points.Count == 0;

    private async Task<SessionId> RequireNextAsync()
    {
        MemoryDisk disk = world.Disk.Snapshot();
        const int ChangedFrom = CrashWorld.Chunk + 77;
        disk.Change(ChangedFrom, Math.Min(3 * CrashWorld.Chunk, disk.Bytes.Length - ChangedFrom), 77);
        BackupReport next = await bench.BackupAsync(new DiskRequest("disk", new TestSource(disk.Snapshot())));
        await RequireBytesAsync(next.Point.Id, new() { ["disk"] = disk.Bytes });
        return next.Point.Id;
    }

    /// <summary>The next backup cleans up after those that are dead.</summary>
    private void RequireClean()
    {
        string[] left = [.. files.FilePaths
            .Select(path => path[(CrashWorld.Root.Length + 1)..])
            .Where(path => !kept.Any(start => path.StartsWith(start, StringComparison.Ordinal))
                && !maybeAtWork.Any(start => path.StartsWith($".tmp/{start}", StringComparison.Ordinal)))];
        Require(left.Length == 0, $"{string.Join(", ", left)} is left");
    }

    /// <summary>A collection ends what was begun, leaves no garbage and takes nothing that is shown.</summary>
    private async Task RequireCollectedAsync(List<RestorePoint> points, SessionId next)
    {
        HashSet<SessionId> shown =
            [.. (await bench.Repository.ListShownPointsAsync()).Select(point => point.Id)];
        await CrashWorld.CollectAsync(bench, repacks: false);
        List<RestorePoint> left = await bench.PointsAsync();
        Require(shown.SetEquals(left.Select(point => point.Id)), "a collection leaves other points than are shown");
        foreach (SessionId point in points.Select(point => point.Id).Where(shown.Contains))
        {
            await RequireBytesAsync(point, world.Truth[point]);
        }

        Require(shown.Contains(next), "the next point is not shown");
        await RequireSoundAsync(" after a collection", _ => false);
        CollectReport report = await CrashWorld.CollectAsync(bench, repacks: false, dryRun: true);
        Require(
            report.PacksRemoved == 0 && report.PointsRemoved.Count == 0 && report.BytesFreed == 0,
            $"{report.BytesFreed} bytes of garbage are left after a collection");
    }

    private static void Require(bool holds, string complaint)
    {
        if (!holds)
        {
            throw new InvalidOperationException(complaint);
        }
    }
}
