using HyperVBackup.Disks;
using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Restore;
using HyperVBackup.Operations.Synthesize;
using HyperVBackup.Repository;
using HyperVBackup.Repository.Maintenance;
using HyperVBackup.Repository.Maps;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Storage;

namespace HyperVBackup.Operations.Tests.Kit;

/// <summary>An engine over a repository, as one process has it.</summary>
internal sealed class Bench
{
    public const int ChunkSizeBytes = 32 << 10;
    public const string Vm = "vm";

    private Bench(IBlobStore store, BackupRepository repository, RepositoryEnvironment environment)
    {
        (Store, Repository, Environment) = (store, repository, environment);
        Engine = new BackupEngine(
            repository, environment, new EngineOptions { WorkerCount = 2, InFlightBytes = 8 << 20 });
    }

    public IBlobStore Store { get; }

    public BackupRepository Repository { get; }

    public RepositoryEnvironment Environment { get; }

    public BackupEngine Engine { get; }

    public double? AuditPercent { get; set; } = 0;

    public static RepositoryEnvironment NewEnvironment(int seed)
    {
        Random random = new(seed);
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
            ProcessId = (uint)seed + 1,
            MemoryBudgetBytes = 64 << 20,
        };
    }

    /// <param name="seed">Another one for each process, so that no name is given twice.</param>
    public static async Task<Bench> MakeAsync(
        IBlobStore store, int seed, int chunkSizeBytes = ChunkSizeBytes, CancellationToken token = default)
    {
        RepositoryEnvironment environment = NewEnvironment(seed);
        RepositorySettings settings = new()
        {
            ChunkSizeBytes = chunkSizeBytes,
            Created = environment.Clock.GetUtcNow(),
        };
        BackupRepository repository = await BackupRepository.InitializeAsync(store, settings, environment, token);
        return new Bench(store, repository, environment);
    }

    public static async Task<Bench> OpenAsync(IBlobStore store, RepositoryEnvironment environment) =>
        new(store, await BackupRepository.OpenAsync(store, environment, CancellationToken.None), environment);

    /// <summary>The same repository from another process of the host, in which all others are dead.</summary>
    public Task<Bench> ReopenAsync(int seed) => ReopenAsync(Store, seed);

    public static Task<Bench> ReopenAsync(IBlobStore store, int seed) =>
        OpenAsync(store, NewEnvironment(seed) with { IsProcessAlive = _ => false });

    public Task<BackupReport> BackupAsync(params DiskRequest[] disks) => BackupAsync(CancellationToken.None, disks);

    public Task<BackupReport> BackupAsync(CancellationToken token, params DiskRequest[] disks) =>
        BackupAsync(new BackupRequest { VmName = Vm, Disks = disks, AuditPercent = AuditPercent }, token);

    public Task<BackupReport> BackupAsync(BackupRequest request, CancellationToken token = default) =>
        Engine.BackupAsync(request, new Progress<BackupProgress>(), token);

    /// <summary>Backs one disk up with ranges that are trusted.</summary>
    public async Task<DiskPoint> TrackAsync(
        IDisk disk, string? since, string? id, params (long OffsetBytes, long LengthBytes)[] ranges) =>
        (await BackupAsync(new DiskRequest("disk", TestSource.Tracked(disk, since, id, ranges)))).Point.Disks[0];

    public Task<SynthesizeReport> SynthesizeAsync(
        string? at = null, bool sequential = false, CancellationToken token = default) =>
        Engine.SynthesizeAsync(
            new SynthesizeRequest { Vm = Vm, At = at, Sequential = sequential }, new Progress<RestoreProgress>(),
            token);

    public Task<IReadOnlyList<RestoredDisk>> RestoreAsync(RestoreRequest request, CancellationToken token = default) =>
        Engine.RestoreAsync(request, new Progress<RestoreProgress>(), token);

    public Task<List<RestorePoint>> PointsAsync() => Repository.ListPointsAsync(CancellationToken.None);

    /// <summary>Reads a disk back, chunk by chunk, without a file.</summary>
    public async Task<byte[]> ReadAsync(SessionId pointId, string disk)
    {
        await using ReadingSession session =
            await Repository.OpenReadingSessionAsync(LeaseKind.Restore, pointId, CancellationToken.None);
        DiskPoint found = session.Point.Disks.Single(candidate => candidate.Name == disk);
        DiskMap map = new(found.ChunkSizeBytes, found.VirtualSizeBytes, found.TopNode, found.TopPlace);
        byte[] bytes = new byte[map.ChunkCount * map.ChunkSizeBytes];
        DiskMapCursor cursor = new(new DiskMapReader(map, session.Nodes), 0, map.ChunkCount);
        while (await cursor.MoveNextAsync(CancellationToken.None))
        {
            Memory<byte> chunk =
                bytes.AsMemory((int)(cursor.ChunkIndex * map.ChunkSizeBytes), map.ChunkSizeBytes);
            await session.ReadChunkAsync(cursor.Chunk.Id, cursor.Chunk.Place, chunk, CancellationToken.None);
        }

        return bytes[..(int)found.VirtualSizeBytes];
    }

    public async Task<VerificationReport> VerifyAsync(double readDataPercent = 100) =>
        await Repository
            .NewVerification(new VerificationOptions { ReadDataPercent = readDataPercent, WorkerCount = 1 })
            .RunAsync(new Progress<VerificationProgress>(), CancellationToken.None);

    private sealed class FixedClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    }

    /// <summary>Takes no notice, on no thread.</summary>
    private sealed class Progress<T> : IProgress<T>
    {
        public void Report(T value)
        {
        }
    }
}
