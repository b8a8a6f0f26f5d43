using HyperVBackup.Cli.Output;
using HyperVBackup.Hosts;
using HyperVBackup.Hosts.Batches;
using HyperVBackup.Hosts.Groups;
using HyperVBackup.Operations;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Hosted;
using HyperVBackup.Repository;

namespace HyperVBackup.Cli.Hosting;

/// <summary>Backs machines up through their host, one after the other or in batches, and groups of them. What fails for
/// one stops no other.</summary>
/// <param name="configure">Adds to a machine's options what was asked for.</param>
/// <param name="complete">Adds to a machine's request what was asked for.</param>
internal sealed class HostBackups(
    CommandContext context, HostAccess host, BackupRepository repository, Func<HostOptions, HostOptions> configure,
    Func<BackupRequest, BackupRequest> complete)
{
    private readonly BackupEngine engine = context.NewEngine(repository);
    private readonly RecordedPoints recorded = new(repository);

    /// <param name="batch">The limits of batches, of which all machines of this host are; null for none.</param>
    public async Task<List<HostOutcome>> RunAsync(
        IReadOnlyList<HostTarget> targets, BatchOptions? batch, Action<Step> show, CancellationToken token)
    {
        Dictionary<HostTarget, HostOutcome> batched = batch is null
            ? []
            : await RunBatchAsync(
                [.. targets.Where(target => target is { Obstacle: null, IsGroup: false } && host.IsThis(target.Node))],
                batch, show, token);
        List<HostOutcome> outcomes = [];
        foreach (HostTarget target in targets)
        {
            outcomes.Add(batched.GetValueOrDefault(target) ?? await TryBackupAsync(target, show, token));
        }

        return outcomes;
    }

    private async Task<Dictionary<HostTarget, HostOutcome>> RunBatchAsync(
        IReadOnlyList<HostTarget> targets, BatchOptions options, Action<Step> show, CancellationToken token)
    {
        show(new Step("checkpoints and snapshots", 0, 1, 0));
        Dictionary<HostTarget, HostOutcome> outcomes = [];
        List<HostedMachine> machines = [];
        Dictionary<HostedMachine, HostTarget> targetOf = [];
        foreach (HostTarget target in targets)
        {
            try
            {
                machines.Add(Find(target));
                targetOf.Add(machines[^1], target);
            }
            catch (Exception failure) when (!token.IsCancellationRequested && HostedFailures.IsOfTheWorld(failure))
            {
                outcomes.Add(target, new HostOutcome(target, null, Failures.Sentence(failure)));
            }
        }

        HostEnvironment environment = HostEnvironments.For(
            context, host, new HostTarget(host.Name, null, host.Name), _ => false) with
        {
            Warn = context.Live.Warn,
        };
        try
        {
            await new HostedBatch(repository, engine, environment, host.OpenVolumes!(), options).BackupAsync(
                machines, complete, machine => ProgressOf(targetOf[machine], show),
                result => outcomes.Add(targetOf[result.Machine], OutcomeOf(targetOf[result.Machine], result)), token);
        }
        catch (HostException failure) when (!token.IsCancellationRequested)
        {
            List<HostTarget> left = [.. targets.Where(target => !outcomes.ContainsKey(target))];
            left.ForEach(target => outcomes.Add(target, new HostOutcome(target, null, Failures.Sentence(failure))));
            if (left.Count == 0)
            {
                context.Live.Warn(Failures.Sentence(failure));
            }
        }

        return outcomes;
    }

    private HostOutcome OutcomeOf(HostTarget target, BatchResult result)
    {
        if (result.Report is { } report)
        {
            Warn(target, report);
            return new HostOutcome(target, report, null);
        }

        return new HostOutcome(target, null, Failures.Sentence(result.Failure!));
    }

    private async Task<HostOutcome> TryBackupAsync(HostTarget target, Action<Step> show, CancellationToken token)
    {
        if (target.Obstacle is not null)
        {
            return new HostOutcome(target, null, Failures.Closed(target.Obstacle));
        }

        try
        {
            show(new Step(target.Name, 0, 1, 0));
            BackupReport report = await engine.BackupAsync(
                complete(target.IsGroup
                    ? HostedBackup.RequestFor(FindGroup(target))
                    : HostedBackup.RequestFor(Find(target))),
                ProgressOf(target, show), token);
            Warn(target, report);
            return new HostOutcome(target, report, null);
        }
        catch (Exception failure) when (!token.IsCancellationRequested && HostedFailures.IsOfTheWorld(failure))
        {
            return new HostOutcome(target, null, Failures.Sentence(failure));
        }
    }

    private HostedMachine Find(HostTarget target) => HostedMachine.Find(OptionsOf(target), EnvironmentOf(target));

    private HostedGroup FindGroup(HostTarget target) => HostedGroup.Find(OptionsOf(target), EnvironmentOf(target));

    private HostOptions OptionsOf(HostTarget target) =>
        configure(new HostOptions { Machine = target.Id!.Value, Owner = HostedBackup.OwnerOf(repository) });

    private HostEnvironment EnvironmentOf(HostTarget target) =>
        HostEnvironments.For(context, host, target, recorded.Of(target.Id!.Value));

    private static Told<BackupProgress> ProgressOf(HostTarget target, Action<Step> show) => new(at => show(
        new Step($"{target.Name}: {at.Disk}", at.DoneBytes, at.TotalBytes, at.ReadBytes)));

    private void Warn(HostTarget target, BackupReport report)
    {
        foreach (string warning in report.Warnings)
        {
            context.Live.Warn($"'{target.Name}': {warning}");
        }
    }
}
