using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Backup.Resume;
using HyperVBackup.Operations.Proof;
using HyperVBackup.Operations.Restore;
using HyperVBackup.Operations.Synthesize;
using HyperVBackup.Repository;
using HyperVBackup.Repository.Maintenance;
using HyperVBackup.Repository.Sessions;

namespace HyperVBackup.Operations;

/// <summary>
/// What a backup product embeds: backs VMs up into a repository, restores them, and makes and proves synthetic fulls.
/// Operations may run side by side; each has a session of its own. Every operation can be cancelled at any time:
/// it then leaves no restore point, and what it stored is found again by the next one.
/// </summary>
/// <param name="options">How much of the machine to use; null for the usual.</param>
public sealed class BackupEngine(
    BackupRepository repository, RepositoryEnvironment environment, EngineOptions? options = null)
{
    /// <summary>What <see cref="PredictRestoreAsync"/> restores of a point if nothing else is said: 256 MiB.</summary>
    public const long SampleBytesDefault = 256L << 20;

    private const string RunAgain = "A collector gave this backup up before it finished; it was run again.";

    private readonly EngineOptions options = options ?? new EngineOptions();

    /// <summary>Backs the disks of a VM up into one restore point. Where the map of the point to compare with has no
    /// good copy left, it is made as a full, with a warning. Where a collector gave its session up, it is run again,
    /// once, and opens its change sources again. A change source that the first run caught counts as caught.</summary>
    /// <exception cref="Disks.DiskImageException">A disk cannot be read.</exception>
    /// <exception cref="RepositoryException">The repository is damaged or unusable, or two sessions were given up.
    /// </exception>
    /// <exception cref="Storage.StoreException">The store is full or failed.</exception>
    public async Task<BackupReport> BackupAsync(
        BackupRequest request, IProgress<BackupProgress>? progress = null, CancellationToken token = default)
    {
        progress ??= NoProgress<BackupProgress>.Instance;
        CaughtSources caught = new();
        try
        {
            return await RunAsync(request, caught, progress, token);
        }
        catch (CorruptDataException damage) when (!request.Full)
        {
            BackupReport report = await RunAsync(request with { Full = true }, caught, progress, token);
            return report with { Warnings = [$"This is a full: {damage.Message}", .. report.Warnings] };
        }
    }

    /// <summary>Writes disks of a restore point as images; each chunk is verified on the way.</summary>
    /// <exception cref="RepositoryException">The point or disk is not there, or is damaged; no image of it is left.
    /// </exception>
    /// <exception cref="Storage.StoreException">The image cannot be written, or stands there already.</exception>
    public Task<IReadOnlyList<RestoredDisk>> RestoreAsync(
        RestoreRequest request, IProgress<RestoreProgress>? progress = null, CancellationToken token = default) =>
        new RestoreOperation(
            repository, request, options, environment.Randomness, progress ?? NoProgress<RestoreProgress>.Instance)
            .RunAsync(token);

    /// <summary>Writes the configuration files of a restore point into a folder, each whole or not at all.</summary>
    /// <param name="force">Replaces files that stand there.</param>
    /// <returns>None where the point has no configuration.</returns>
    /// <exception cref="RepositoryException">The point is not there, or is damaged.</exception>
    /// <exception cref="CorruptDataException">A file has no good copy left.</exception>
    /// <exception cref="Storage.StoreException">A file cannot be written, or stands there already.</exception>
    public Task<IReadOnlyList<RestoredFile>> RestoreConfigurationAsync(
        SessionId point, string folder, bool force = false, CancellationToken token = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return new ConfigurationRestore(repository, point, folder, force).RunAsync(token);
    }

    /// <summary>The content of a restore point's configuration file; null where it has none of that name.</summary>
    /// <exception cref="RepositoryException">The point is not there.</exception>
    /// <exception cref="CorruptDataException">A file has no good copy left.</exception>
    public Task<byte[]?> ReadConfigurationAsync(SessionId point, string name, CancellationToken token = default) =>
        ConfigurationRestore.ReadAsync(repository, point, name, token);

    /// <summary>The names of a restore point's configuration files.</summary>
    /// <exception cref="RepositoryException">The point is not there, or is damaged.</exception>
    /// <exception cref="CorruptDataException">A file has no good copy left.</exception>
    public Task<IReadOnlyList<string>> ListConfigurationAsync(SessionId point, CancellationToken token = default) =>
        ConfigurationRestore.ListAsync(repository, point, token);

    /// <summary>Measures how a restore of a point reads, from maps and recipes alone: some tens of milliseconds a
    /// disk, whatever its size.</summary>
    /// <exception cref="CorruptDataException">A map node has no good copy left.</exception>
    /// <exception cref="RestorePointNotFoundException">The point was pruned.</exception>
    public Task<Fragmentation> MeasureFragmentationAsync(RestorePoint point, CancellationToken token = default)
    {
        ArgumentNullException.ThrowIfNull(point);
        return FencedRerun.RunAsync(async _ =>
        {
            await using ReadingSession session =
                await repository.OpenReadingSessionAsync(LeaseKind.Verify, point.Id, token);
            Fragmentation whole = Fragmentation.None;
            foreach (DiskPoint disk in point.Disks)
            {
                Fragmentation found =
                    await repository.MeasureFragmentationAsync(session, disk.Map(), MapChunkFeed.BatchBytes, token);
                whole = whole.And(found.ScaledTo(disk.Statistics.ChunksNonZero));
            }

            return whole;
        });
    }

    /// <summary>Says how much of each disk of a point was held against the real disk, and since when, from the ranges
    /// that points recorded: of at most a thousand points and a million ranges for each disk. Where an earlier point's
    /// cannot be read, it counts as gone.</summary>
    /// <param name="points">All points of the VM, or of the repository.</param>
    /// <exception cref="RepositoryException">The point is not there any more.</exception>
    /// <exception cref="CorruptDataException">A list of the point's ranges has no good copy left.</exception>
    public Task<IReadOnlyList<DiskProof>> MeasureProofAsync(
        RestorePoint point, IReadOnlyList<RestorePoint> points, CancellationToken token = default)
    {
        ArgumentNullException.ThrowIfNull(point);
        return FencedRerun.RunAsync<IReadOnlyList<DiskProof>>(async _ =>
        {
            await using ReadingSession session =
                await repository.OpenReadingSessionAsync(LeaseKind.Verify, point.Id, token);
            ProofMeasurement measurement = new(points, session.Nodes);
            List<DiskProof> proofs = [];
            foreach (DiskPoint disk in point.Disks)
            {
                proofs.Add(await measurement.MeasureAsync(point, disk, token));
            }

            return proofs;
        });
    }

    /// <summary>Predicts how long restoring a point takes, by restoring a part of it as a restore would, into a file
    /// that is gone afterwards.</summary>
    /// <param name="folder">On the disk that a restore would write to.</param>
    /// <param name="sampleBytesMax">How much of it, at least 1; a little more where chunks or disks are many.</param>
    /// <exception cref="RepositoryException">The point is gone, or is damaged where the sample reads.</exception>
    /// <exception cref="Storage.StoreException">The folder cannot be written.</exception>
    public Task<RestorePrediction> PredictRestoreAsync(
        RestorePoint point, string folder, long sampleBytesMax = SampleBytesDefault,
        IProgress<RestoreProgress>? progress = null, CancellationToken token = default)
    {
        ArgumentNullException.ThrowIfNull(point);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(sampleBytesMax);
        return new RestoreSample(
            repository, options, environment, folder, sampleBytesMax,
            progress ?? NoProgress<RestoreProgress>.Instance).RunAsync(point, token);
    }

    /// <summary>Folds a VM's change lists over its oldest map that they lead from, proves that the result is the
    /// recorded state, and publishes it as a synthetic full.</summary>
    /// <exception cref="ProofFailedException">Lists and maps contradict each other; nothing is published.</exception>
    /// <exception cref="RepositoryException">The point is not there, or the repository is damaged.</exception>
    public Task<SynthesizeReport> SynthesizeAsync(
        SynthesizeRequest request, IProgress<RestoreProgress>? progress = null, CancellationToken token = default) =>
        FencedRerun.RunAsync(_ =>
            new SynthesizeOperation(repository, request, options, progress ?? NoProgress<RestoreProgress>.Instance)
                .RunAsync(token));

    /// <summary>Where the disks of two points differ, from their maps alone.</summary>
    public Task<IReadOnlyList<DiskDifference>> DiffAsync(
        RestorePoint before, RestorePoint after, CancellationToken token = default) =>
        FencedRerun.RunAsync(_ => PointDiff.RunAsync(repository, before, after, token));

    private Task<BackupReport> RunAsync(
        BackupRequest request, CaughtSources caught, IProgress<BackupProgress> progress, CancellationToken token) =>
        FencedRerun.RunAsync(async isAgain =>
        {
            BackupReport report = await RunOnceAsync(request, caught, progress, token);
            return isAgain ? report with { Warnings = [RunAgain, .. report.Warnings] } : report;
        });

    /// <summary>Runs it, and from its beginning where it went on with an interrupted one whose notes are wrong: they
    /// are gone then.</summary>
    private async Task<BackupReport> RunOnceAsync(
        BackupRequest request, CaughtSources caught, IProgress<BackupProgress> progress, CancellationToken token)
    {
        try
        {
            return await NewOperation().RunAsync(token);
        }
        catch (ComparisonRefutedException refuted)
        {
            BackupReport report = await NewOperation().RunAsync(token);
            string warning = $"An interrupted backup was not gone on with: {refuted.Message}; it began again.";
            return report with { Warnings = [warning, .. report.Warnings] };
        }

        BackupOperation NewOperation() => new(repository, request, options, environment, caught, progress);
    }
}
