using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Tests.Kit;
using HyperVBackup.Repository;
using HyperVBackup.Repository.Maintenance.Collect;
using HyperVBackup.Repository.Maintenance.Prune;
using HyperVBackup.Repository.Pins;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using HyperVBackup.Testing.Tools;

namespace HyperVBackup.Simulation.Crashes;

/// <summary>A small repository over recorded files, the disks that it keeps, and what each point must restore to.
/// </summary>
internal sealed class CrashWorld : IDisposable
{
    public const string Root = "/repository";
    public const int Chunk = Bench.ChunkSizeBytes;
    private const int ChunkCount = 6;
    private const long MemoryBudgetBytes = 16 << 20;

    private readonly Dictionary<SessionId, Dictionary<string, byte[]>> truth = [];
    private readonly List<(int OperationCount, SessionId Point)> returned = [];
    private readonly List<(string Id, List<(long, long)> Changes)> known = [];
    private int changeCount;
    private int stateCount;
    private int processCount;

    /// <summary>What is done is recorded here, since <see cref="BeginAsync"/>.</summary>
    public RecordingFiles Files { get; private set; } = new();

    public Bench Bench { get; private set; } = null!;

    /// <summary>The disk whose machine is backed up; by what its points call it, all disks there are.</summary>
    public SortedDictionary<string, MemoryDisk> Disks { get; } =
        new(StringComparer.Ordinal) { ["disk"] = Content.RandomDisk((ChunkCount * Chunk) + 300, 1) };

    public MemoryDisk Disk => Disks["disk"];

    /// <summary>By point, the bytes of each of its disks.</summary>
    public IReadOnlyDictionary<SessionId, Dictionary<string, byte[]>> Truth => truth;

    /// <summary>The points that a caller had been told of after so many operations.</summary>
    public IReadOnlyList<(int OperationCount, SessionId Point)> Returned => returned;

    /// <summary>Points that are being collected, so that they may be gone after a crash that comes after so many
    /// operations.</summary>
    public Dictionary<SessionId, int> Going { get; } = [];

    /// <summary>After so many operations there surely is a repository.</summary>
    public int InitializedAt { get; private set; }

    /// <summary>All points in the order in which they were made.</summary>
    public List<SessionId> Points => [.. returned.Select(one => one.Point)];

    /// <summary>A file that rotted before: verify may say so, until it is healed.</summary>
    public string? Rotten { get; set; }

    /// <summary>The host's own, for verbs that need one.</summary>
    public TestFolder StateFolder { get; } = new();

    private FolderStore Store => new(Root, Files);

    public async Task InitializeAsync()
    {
        Bench = await Bench.MakeAsync(Store, processCount++, Chunk);
        InitializedAt = Files.OperationCount;
    }

    /// <summary>Another process of the host, in which all others are dead.</summary>
    public static Task<Bench> ReopenAsync(IBlobStore store, int seed) => Bench.OpenAsync(
        store,
        Bench.NewEnvironment(seed) with { IsProcessAlive = _ => false, MemoryBudgetBytes = MemoryBudgetBytes });

    /// <summary>Another process goes on, in which all before it are dead.</summary>
    public async Task RestartAsync() => Bench = await ReopenAsync(Store, ++processCount);

    /// <summary>The same with a folder of the host's own.</summary>
    public async Task RestartAsync(string stateFolder) => Bench = await Bench.OpenAsync(
        Store,
        Bench.NewEnvironment(++processCount) with { IsProcessAlive = _ => false, StateFolder = stateFolder });

    /// <summary>Forgets what was recorded: all that stands is durable.</summary>
    public async Task BeginAsync()
    {
        if (Files.OperationCount > 0)
        {
            await GoOnAsync(Files.FlushedStateAfter(Files.OperationCount), Files.OperationCount);
        }
    }

    /// <summary>The recorded process is killed after so many of its operations, and another goes on.</summary>
    public Task KillAsync(int operationCount) => GoOnAsync(Files.StateAfter(operationCount), operationCount);

    /// <summary>Writes to the disk: a few bytes within a chunk that stays otherwise as it is, and a whole chunk.
    /// </summary>
    public void Change()
    {
        foreach ((long, long) range in Scribble())
        {
            known.ForEach(state => state.Changes.Add(range));
        }
    }

    public Task<BackupReport> BackupAsync() => BackupAsync(request => request);

    /// <summary>Nothing tracks the disks: they are compared with the latest point.</summary>
    public Task<BackupReport> BackupAsync(Func<BackupRequest, BackupRequest> change) =>
        BackupAsync(disk => new TestSource(disk.Snapshot()), change);

    /// <summary>Something changes, and a tracker says what did since the state before, and is believed.</summary>
    public Task TrackAsync()
    {
        Change();
        return BackupTrackedAsync(0);
    }

    /// <summary>A tracker leaves a change out, which an audit finds.</summary>
    public async Task CatchAsync()
    {
        Scribble();
        await BackupTrackedAsync(100);
        known.Clear();
    }

    public async Task<BackupReport> BackupAsync(
        Func<MemoryDisk, TestSource> sourceOf, Func<BackupRequest, BackupRequest> change)
    {
        BackupRequest request = new()
        {
            VmName = Bench.Vm,
            Disks = [.. Disks.Select(disk => new DiskRequest(disk.Key, sourceOf(disk.Value)))],
            AuditPercent = 0,
        };
        BackupReport report = await Bench.BackupAsync(change(request));
        Add(report.Point, Disks.ToDictionary(disk => disk.Key, disk => disk.Value.Bytes.ToArray()));
        return report;
    }

    public async Task SynthesizeAsync(bool isSequential)
    {
        RestorePoint latest = (await Bench.Repository.ListShownPointsAsync())[^1];
        Add((await Bench.SynthesizeAsync(latest.Id.ToString(), isSequential)).Point, truth[latest.Id]);
    }

    /// <summary>Lets go of all points but the latest.</summary>
    public Task PruneAsync() => PruneAsync(() => Task.CompletedTask);

    /// <param name="meanwhile">Done when it is decided which they are.</param>
    public async Task PruneAsync(Func<Task> meanwhile)
    {
        PruneOptions options = new()
        {
            Policy = new RetentionPolicy(
                new Dictionary<RetentionRule, int> { [RetentionRule.Last] = 1 }, TimeZoneInfo.Utc),
        };
        Pruning pruning = new(Bench.Repository, options);
        PrunePlan plan = await pruning.PlanAsync(new Progress<CollectProgress>(), default);
        await meanwhile();
        await pruning.ExecuteAsync(plan, default);
    }

    /// <summary>Collects, from the moment on at which the points that are not shown may go.</summary>
    /// <param name="repacks">Whether almost every pack is rewritten.</param>
    public async Task CollectAsync(bool repacks)
    {
        HashSet<SessionId> shown = [.. (await Bench.Repository.ListShownPointsAsync()).Select(point => point.Id)];
        foreach (SessionId point in truth.Keys.Where(point => !shown.Contains(point)))
        {
            Going.TryAdd(point, Files.OperationCount);
        }

        await CollectAsync(Bench, repacks);
    }

    public static Task<CollectReport> CollectAsync(Bench bench, bool repacks, bool dryRun = false) =>
        bench.Repository.NewCollector(new CollectOptions
        {
            Patience = TimeSpan.Zero,
            DryRun = dryRun,
            DeadPercentMax = repacks ? 0 : 100,
            SmallPackCountMin = repacks ? 2 : int.MaxValue,
        }).RunAsync(new Progress<CollectProgress>(), default);

    public async Task PinLatestAsync()
    {
        List<RestorePoint> shown = await Bench.Repository.ListShownPointsAsync();
        await Pins().PinAsync(shown[^1].Id, default);
    }

    public void Dispose() => StateFolder.Dispose();

    public PointPins Pins() => new(Bench.Repository);

    private async Task GoOnAsync(RecordingFiles files, int operationCount)
    {
        Files = files;
        SessionId[] told = [.. returned.Where(one => one.OperationCount <= operationCount).Select(one => one.Point)];
        returned.Clear();
        returned.AddRange(told.Select(point => (0, point)));
        foreach (SessionId point in Going.Keys.ToArray())
        {
            Going[point] = 0;
        }

        InitializedAt = 0;
        await RestartAsync();
    }

    private (long OffsetBytes, long LengthBytes)[] Scribble()
    {
        changeCount++;
        int chunkCount = Disk.Bytes.Length / Chunk;
        return
        [
            Disk.Change((changeCount % chunkCount * Chunk) + 5000, 100, 100 + changeCount),
            Disk.Change((changeCount + 1) % chunkCount * Chunk, Chunk, 200 + changeCount),
        ];
    }

    private Task<BackupReport> BackupTrackedAsync(int auditPercent)
    {
        (string? since, List<(long, long)> changes) = known.Count > 0 ? known[^1] : (null, []);
        (long, long)[] ranges = [.. changes];
        string id = $"t{++stateCount}";
        known.Add((id, []));
        return BackupAsync(
            disk => TestSource.Tracked(disk.Snapshot(), since, id, ranges),
            request => request with { AuditPercent = auditPercent });
    }

    private void Add(RestorePoint point, Dictionary<string, byte[]> disks)
    {
        truth[point.Id] = disks;
        returned.Add((Files.OperationCount, point.Id));
    }
}
