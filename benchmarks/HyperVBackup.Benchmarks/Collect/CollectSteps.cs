using System.Diagnostics;
using System.Security.Cryptography;
using HyperVBackup.Benchmarks.Index;
using HyperVBackup.Format;
using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Points;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository;
using HyperVBackup.Repository.Maintenance;
using HyperVBackup.Repository.Maintenance.Collect;
using HyperVBackup.Storage;

namespace HyperVBackup.Benchmarks.Collect;

/// <summary>One step of the measurement.</summary>
internal sealed class CollectSteps(CollectOrder order, TextWriter output) : IDisposable
{
    private readonly FolderStore store = new(Path.Join(order.Folder, "repository"));

    public void Dispose() => store.Dispose();

    public async Task RunAsync()
    {
        Timing start = Timing.Now();
        string result = await (order.Step switch
        {
            "make" => MakeAsync(),
            "prune" => PruneAsync(),
            "backup" => BackUpAsync(),
            "verify" => VerifyAsync(),
            _ => CollectAsync(new CollectOptions { DryRun = order.Step == "dry-run" }),
        });
        Timing taken = Timing.Now() - start;
        long peakMiB = Process.GetCurrentProcess().PeakWorkingSet64 >> 20;
        output.WriteLine(FormattableString.Invariant($"{order.Step}: {taken}, peak {peakMiB:N0} MiB; {result}"));
    }

    private RepositoryEnvironment NewEnvironment() => new()
    {
        Clock = TimeProvider.System,
        Randomness = RandomNumberGenerator.Fill,
        StateFolder = Path.Join(order.Folder, "state"),
        MemoryBudgetBytes = order.MemoryBytes,
        HostName = Environment.MachineName,
        ProcessId = (uint)Environment.ProcessId,
    };

    private Task<BackupRepository> OpenAsync() => BackupRepository.OpenAsync(store, NewEnvironment());

    private async Task<string> MakeAsync()
    {
        BackupRepository repository = await BackupRepository.InitializeAsync(
            store, new RepositorySettings { Compression = Compression.Lz4, Created = DateTimeOffset.UnixEpoch },
            NewEnvironment());
        CollectHistory history = new(repository, order);
        return FormattableString.Invariant($"{await history.MakeAsync():N0} chunks stored");
    }

    /// <summary>Marks the older half.</summary>
    private async Task<string> PruneAsync()
    {
        BackupRepository repository = await OpenAsync();
        List<RestorePoint> points = await repository.ListPointsAsync();
        foreach (RestorePoint point in points.Take(points.Count / 2))
        {
            string name = FileNames.PruneMark(point.Id);
            PruneMark mark = new() { Time = DateTimeOffset.UnixEpoch, Host = "", Why = "" };
            FileHeader header = new(FileKind.PruneMark, repository.Id, name);
            await store.TryPutAsync(
                new BlobName(name), RecordFile.Write(header, mark.Write(), Compression.None), default);
        }

        return FormattableString.Invariant($"{points.Count / 2} of {points.Count} points marked");
    }

    private async Task<string> BackUpAsync() => FormattableString.Invariant(
        $"{await new CollectHistory(await OpenAsync(), order).AddOneAsync():N0} chunks stored in one more point");

    private async Task<string> CollectAsync(CollectOptions options)
    {
        CollectReport report = await (await OpenAsync()).NewCollector(options).RunAsync(
            new Progress<CollectProgress>(), default);
        return FormattableString.Invariant($"{report.PointsRemoved.Count} points and {report.PacksRemoved} packs ")
            + FormattableString.Invariant($"removed ({report.PacksRepacked} of them rewritten, ")
            + FormattableString.Invariant($"{report.BytesRepacked >> 20:N0} MiB), {report.BytesBefore >> 20:N0} -> ")
            + FormattableString.Invariant($"{report.BytesAfter >> 20:N0} MiB, {report.BytesFreed >> 20:N0} MiB in ")
            + FormattableString.Invariant($"{report.FilesDeleted:N0} files freed, ")
            + FormattableString.Invariant($"{report.MapBytesRead / 1e6:N1} MB of maps and tables read");
    }

    private async Task<string> VerifyAsync()
    {
        VerificationReport report = await (await OpenAsync())
            .NewVerification(new VerificationOptions())
            .RunAsync(new Progress<VerificationProgress>(), default);
        return FormattableString.Invariant($"{report.PointCount} points, {report.Damage.Count} damaged places");
    }

    private sealed class Progress<T> : IProgress<T>
    {
        public void Report(T value)
        {
        }
    }
}
