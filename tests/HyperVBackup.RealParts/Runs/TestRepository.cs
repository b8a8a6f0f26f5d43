using System.Diagnostics;
using System.Security.Cryptography;
using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;
using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Operations;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Restore;
using HyperVBackup.Operations.Synthesize;
using HyperVBackup.Repository;
using HyperVBackup.Repository.Maintenance;
using HyperVBackup.Storage;
using Xunit;

namespace HyperVBackup.RealParts.Runs;

/// <summary>A repository in a folder, used in this process through the engine. As thread-safe as that.</summary>
internal sealed class TestRepository
{
    private readonly RepositoryEnvironment environment;
    private readonly BackupEngine engine;

    private TestRepository(BackupRepository repository, RepositoryEnvironment environment)
    {
        (Repository, this.environment) = (repository, environment);
        engine = new BackupEngine(repository, environment, new EngineOptions());
    }

    public BackupRepository Repository { get; }

    /// <param name="statePath">Where the index is kept; null keeps it in memory.</param>
    public static async Task<TestRepository> CreateAsync(
        string path, int chunkSizeBytes = 64 << 10, string? statePath = null)
    {
        RepositoryEnvironment environment = NewEnvironment(statePath);
        RepositorySettings settings = new()
        {
            ChunkSizeBytes = chunkSizeBytes,
            Created = environment.Clock.GetUtcNow(),
        };
        return new TestRepository(
            await BackupRepository.InitializeAsync(new FolderStore(path), settings, environment, default), environment);
    }

    /// <summary>Opens a repository that is there, as a process of this host does.</summary>
    public static async Task<TestRepository> OpenAsync(string path, string? statePath = null)
    {
        RepositoryEnvironment environment = NewEnvironment(statePath);
        return new TestRepository(
            await BackupRepository.OpenAsync(new FolderStore(path), environment, default), environment);
    }

    /// <param name="rangesPath">The ranges file; null where nothing tracks the disk.</param>
    public async Task<RestorePoint> BackupAsync(
        string vm, string imagePath, string? rangesPath = null, bool full = false)
    {
        IChangeSource source = rangesPath is null
            ? new UntrackedSource(() => DiskImage.Open(imagePath))
            : RangesFileSource.Load(rangesPath, () => DiskImage.Open(imagePath));
        BackupRequest request = new()
        {
            VmName = vm,
            Disks = [new DiskRequest(DiskImage.NameOf(imagePath), source)],
            Full = full,
        };
        return (await engine.BackupAsync(request, new Silent<BackupProgress>(), default)).Point;
    }

    /// <summary>Backs up the one disk of a source.</summary>
    public Task<BackupReport> BackupAsync(string vm, IChangeSource source, Func<Consistency>? findConsistency = null) =>
        engine.BackupAsync(
            new BackupRequest
            {
                VmName = vm,
                Disks = [new DiskRequest("disk", source)],
                FindConsistency = findConsistency,
            },
            new Silent<BackupProgress>(), default);

    public async Task<RestorePoint> SynthesizeAsync(string vm) =>
        (await engine.SynthesizeAsync(new SynthesizeRequest { Vm = vm }, new Silent<RestoreProgress>(), default)).Point;

    public Task RestoreAsync(SessionId point, string outputPath, ImageFormat format) => engine.RestoreAsync(
        new RestoreRequest { Point = point, OutputPath = outputPath, Format = format, Force = true },
        new Silent<RestoreProgress>(), default);

    public Task<List<RestorePoint>> ListAsync() => Repository.ListPointsAsync(default);

    /// <summary>Reads, decodes and hashes everything.</summary>
    public async Task RequireSoundAsync() => Assert.Empty((await VerifyAsync()).Damage);

    /// <summary>The same, and lets second copies be missing that the next backup puts.</summary>
    public async Task RequireWholePointsAsync() =>
        Assert.All((await VerifyAsync()).Damage, damage =>
        {
            Assert.Empty(damage.Points);
            Assert.StartsWith("mirror/points/", damage.File, StringComparison.Ordinal);
        });

    private Task<VerificationReport> VerifyAsync() => Repository
        .NewVerification(new VerificationOptions { ReadDataPercent = 100 })
        .RunAsync(new Silent<VerificationProgress>(), default);

    private static RepositoryEnvironment NewEnvironment(string? statePath) => new()
    {
        Clock = TimeProvider.System,
        Randomness = RandomNumberGenerator.Fill,
        StateFolder = statePath,
        HostName = Environment.MachineName,
        ProcessId = (uint)Environment.ProcessId,
        IsProcessAlive = IsProcessAlive,
    };

    private static bool IsProcessAlive(uint id)
    {
        try
        {
            using Process process = Process.GetProcessById((int)id);
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
