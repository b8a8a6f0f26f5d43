using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;
using HyperVBackup.Operations;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Restore;
using HyperVBackup.Repository;
using HyperVBackup.Repository.Index;
using HyperVBackup.Repository.Maintenance;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Cli.Tests;

/// <summary>What the bar is drawn from: it never goes back, never past its end, and gets there.</summary>
public sealed class ProgressTests : IDisposable
{
    private const int SizeBytes = 12 << 20;

    private readonly HvBackup files = new();
    private readonly List<(long Done, long Total)> seen = [];
    private readonly Lock gate = new();

    [Fact]
    public async Task Every_operation_says_plausibly_how_far_it_is()
    {
        string disk = files.NewRaw("d.raw", SizeBytes);
        RepositoryEnvironment host = ThisHost.NewEnvironment() with { StateFolder = files.PathOf("state") };
        BackupRepository repository = await BackupRepository.InitializeAsync(new MemoryStore(), host);
        BackupEngine engine = new(repository, host);

        BackupReport full = await BackUpAsync(engine, Ranges(disk, "t1", null, 0));
        AssertPlausible(SizeBytes);

        await BackUpAsync(engine, Ranges(disk, "t2", "t1", 3 << 20));
        Assert.True(seen[^1].Total < SizeBytes / 2, $"an incremental of 3 MiB is said to be {seen[^1].Total}");
        AssertPlausible(seen[^1].Total);

        await BackUpAsync(engine, new UntrackedSource(() => DiskImage.Open(disk)));
        AssertPlausible(SizeBytes);

        await engine.RestoreAsync(
            new RestoreRequest { Point = full.Point.Id, OutputPath = files.PathOf("restored.vhdx") },
            Noting<RestoreProgress>(at => (at.DoneBytes, at.TotalBytes)));
        AssertPlausible(SizeBytes);

        await repository.NewVerification(new VerificationOptions { ReadDataPercent = 100, WorkerCount = 1 }).RunAsync(
            Noting<VerificationProgress>(at => at.Stage == "packs" ? (at.DoneCount, at.TotalCount) : default), default);
        seen.RemoveAll(at => at.Total == 0);
        AssertPlausible(seen[^1].Total);

        await repository.RebuildIndexAsync(Noting<IndexProgress>(at => (at.PacksDone, at.PackCount)), default);
        AssertPlausible(seen[^1].Total);
    }

    public void Dispose() => files.Dispose();

    private async Task<BackupReport> BackUpAsync(BackupEngine engine, IChangeSource source) => await engine.BackupAsync(
        new BackupRequest { VmName = "a", Disks = [new DiskRequest("d", source)], AuditPercent = 0 },
        Noting<BackupProgress>(at => (at.DoneBytes, at.TotalBytes)));

    private RangesFileSource Ranges(string disk, string id, string? since, int changedBytes)
    {
        string path = files.PathOf(id + ".json");
        string quoted = since is null ? "null" : $"\"{since}\"";
        File.WriteAllText(
            path, $$"""{"since": {{quoted}}, "id": "{{id}}", "ranges": [{"offset": 0, "length": {{changedBytes}}}]}""");
        return RangesFileSource.Load(path, disk);
    }

    private Noter<T> Noting<T>(Func<T, (long Done, long Total)> reading) => new(this, reading);

    private void AssertPlausible(long total)
    {
        Assert.NotEmpty(seen);
        Assert.All(seen, at => Assert.Equal(total, at.Total));
        Assert.Equal(seen.OrderBy(at => at.Done), seen);
        Assert.Equal(total, seen[^1].Done);
        seen.Clear();
    }

    private sealed class Noter<T>(ProgressTests tests, Func<T, (long Done, long Total)> reading) : IProgress<T>
    {
        public void Report(T value)
        {
            lock (tests.gate)
            {
                tests.seen.Add(reading(value));
            }
        }
    }
}
