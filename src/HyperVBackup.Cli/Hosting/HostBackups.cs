using HyperVBackup.Cli.Output;
using HyperVBackup.Disks;
using HyperVBackup.Format;
using HyperVBackup.Hosts;
using HyperVBackup.Operations;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Hosted;
using HyperVBackup.Repository;
using HyperVBackup.Storage;

namespace HyperVBackup.Cli.Hosting;

/// <summary>Backs machines up through their host, one after the other. What fails for one stops no other.</summary>
/// <param name="configure">Adds to a machine's options what was asked for.</param>
/// <param name="complete">Adds to a machine's request what was asked for.</param>
internal sealed class HostBackups(
    CommandContext context, HostAccess host, BackupRepository repository, Func<HostOptions, HostOptions> configure,
    Func<BackupRequest, BackupRequest> complete)
{
    private readonly BackupEngine engine = context.NewEngine(repository);

    public async Task<List<HostOutcome>> RunAsync(
        IReadOnlyList<HostTarget> targets, Action<Step> show, CancellationToken token)
    {
        List<HostOutcome> outcomes = [];
        foreach (HostTarget target in targets)
        {
            outcomes.Add(await TryBackupAsync(target, show, token));
        }

        return outcomes;
    }

    private async Task<HostOutcome> TryBackupAsync(HostTarget target, Action<Step> show, CancellationToken token)
    {
        if (target.Obstacle is not null)
        {
            return new HostOutcome(target, null, Failures.Closed(target.Obstacle));
        }

        try
        {
            return new HostOutcome(target, await BackupAsync(target, show, token), null);
        }
        catch (Exception failure) when (!token.IsCancellationRequested && IsOfTheWorld(failure))
        {
            return new HostOutcome(target, null, Failures.Sentence(failure));
        }
    }

    private async Task<BackupReport> BackupAsync(HostTarget target, Action<Step> show, CancellationToken token)
    {
        show(new Step(target.Name, 0, 1, 0));
        HostedMachine machine = HostedMachine.Find(
            configure(new HostOptions { Machine = target.Id!.Value, Owner = HostedBackup.OwnerOf(repository) }),
            HostEnvironments.For(context, host, target, HostedBackup.RecordedBy(repository, target.Id!.Value)));
        BackupReport report = await engine.BackupAsync(
            complete(HostedBackup.RequestFor(machine)),
            new Told<BackupProgress>(at => show(
                new Step($"{target.Name}: {at.Disk}", at.DoneBytes, at.TotalBytes, at.ReadBytes))),
            token);
        foreach (string warning in report.Warnings)
        {
            context.Live.Warn($"'{target.Name}': {warning}");
        }

        return report;
    }

    /// <summary>What may befall a machine, a disk or the repository; not what is wrong with this program.</summary>
    private static bool IsOfTheWorld(Exception failure) => failure
        is HostException or DiskImageException or RepositoryException or StoreException or CorruptDataException
        or IOException or UnauthorizedAccessException;
}
