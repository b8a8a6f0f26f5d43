using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maintenance.Collect;
using HyperVBackup.Repository.Maps;
using HyperVBackup.Repository.Pins;
using HyperVBackup.Repository.Points;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Maintenance.Prune;

/// <summary>
/// Retires restore points by a policy. It only marks them: nothing is deleted, no session is disturbed, and collecting
/// garbage frees the space later (repo-format/concurrency.md, P1). Not thread-safe.
/// </summary>
public sealed class Pruning(BackupRepository repository, PruneOptions options)
{
    private readonly PruneMarkFiles marks = new(repository.Store, repository.Id);
    private List<RestorePoint> all = [];
    private PointLocks? locks;

    /// <summary>Decides which points go. Only reads.</summary>
    /// <param name="progress">Told how far it is, where space is measured.</param>
    /// <exception cref="RestorePointNotFoundException">No VM is named so, or several are.</exception>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public async Task<PrunePlan> PlanAsync(IProgress<CollectProgress> progress, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(progress);
        HashSet<SessionId> marked = await ListMarkedAsync(token);
        all = await repository.ListAllPointsAsync(token);
        locks = await PointLocks.ReadAsync(repository, all, options.Force, token);
        List<RestorePoint> points = [.. all.Where(point => !marked.Contains(point.Id) || locks.Holds(point.Id))];
        List<RestorePoint> chosen = options.Vm is { } vm ? PointSelector.FindVm(points, vm) : points;
        List<PruneDecision> decisions = [];
        foreach (IGrouping<string, RestorePoint> group in
            chosen.GroupBy(point => point.VmIdentity, StringComparer.OrdinalIgnoreCase))
        {
            List<PruneDecision> ofVm = await KeepLastGoodAsync(Judge([.. group]), token);
            KeptCatches.Keep(ofVm);
            decisions.AddRange(ofVm);
        }

        return options.MeasureSpace
            ? await MeasureAsync(decisions, points, progress, token)
            : new PrunePlan(decisions, null, null);
    }

    /// <summary>Marks the points that go. Safe to stop and run again.</summary>
    /// <param name="plan">The latest of this object.</param>
    /// <exception cref="PinRefusedException">What is to be done hangs on whether the clocks are right.</exception>
    /// <exception cref="StoreException">The store failed; some points may be marked.</exception>
    public async Task ExecuteAsync(PrunePlan plan, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(plan);
        if (plan.Decisions.FirstOrDefault(decision => decision.HangsOnClock) is { } doubted)
        {
            throw new PinRefusedException(
                $"Nothing was pruned: restore point {doubted.Point.Id} is {doubted.Reasons[0].Lock}.");
        }

        await new PointPins(repository).SweepAsync(all, locks!.Now, token);
        PruneMark mark = new()
        {
            Time = repository.Environment.Clock.GetUtcNow(),
            Host = repository.Environment.HostName,
            Why = $"kept were {options.Policy}",
        };
        foreach (PruneDecision decision in plan.Decisions.Where(decision => decision.Goes))
        {
            await marks.TryPutAsync(decision.Point.Id, mark, token);
        }
    }

    private async Task<HashSet<SessionId>> ListMarkedAsync(CancellationToken token)
    {
        HashSet<SessionId> marked = [];
        await foreach (SessionId id in marks.ListAsync(token))
        {
            marked.Add(id);
        }

        return marked;
    }

    /// <param name="points">Of one VM, oldest first.</param>
    private List<PruneDecision> Judge(List<RestorePoint> points)
    {
        IReadOnlyList<IReadOnlyList<RuleOutcome>> judged =
            options.Policy.Judge([.. points.Select(point => point.Time)]);
        return [.. points.Select((point, index) => DecisionOf(
            point,
            [
                .. judged[index].Select(outcome => new PruneReason(PruneReasonKind.Rule, Outcome: outcome)),
                .. locks!.Of(point.Id).Select(held => new PruneReason(PruneReasonKind.Lock, Lock: held)),
            ]))];
    }

    private static PruneDecision DecisionOf(RestorePoint point, PruneReason[] reasons)
    {
        bool goes = !reasons.Any(reason => reason.Keeps);
        return new PruneDecision(point, goes, goes ? reasons : [.. reasons.Where(reason => reason.Keeps)]);
    }

    /// <summary>Where no point that stays can be read, the newest that can be stays too.</summary>
    private async Task<List<PruneDecision>> KeepLastGoodAsync(List<PruneDecision> decisions, CancellationToken token)
    {
        bool isSafe = options.Force || decisions.All(decision => !decision.Goes);
        for (int index = decisions.Count - 1; index >= 0 && !isSafe; index--)
        {
            isSafe = !decisions[index].Goes && await IsGoodAsync(decisions[index].Point, token);
        }

        for (int index = decisions.Count - 1; index >= 0 && !isSafe; index--)
        {
            isSafe = decisions[index].Goes && await IsGoodAsync(decisions[index].Point, token);
            if (isSafe)
            {
                decisions[index] = new PruneDecision(
                    decisions[index].Point, Goes: false, [new PruneReason(PruneReasonKind.LastGood)]);
            }
        }

        return decisions;
    }

    /// <summary>Whether its disks' roots fit and their top nodes can be read: what is known of a point for one read a
    /// disk. 'verify' knows more.</summary>
    private async Task<bool> IsGoodAsync(RestorePoint point, CancellationToken token)
    {
        try
        {
            foreach (DiskPoint disk in point.Disks)
            {
                Corrupt.Unless(disk.IsRootOf(repository.Hasher), "restore point: root");
                if (!disk.TopNode.IsZero)
                {
                    byte level = (byte)DiskMap.Of(disk).Height;
                    await repository.Nodes.ReadNodeAsync(disk.TopNode, level, disk.TopPlace, token);
                }
            }

            return true;
        }
        catch (CorruptDataException)
        {
            return false;
        }
    }

    private async Task<PrunePlan> MeasureAsync(
        List<PruneDecision> decisions, List<RestorePoint> points, IProgress<CollectProgress> progress,
        CancellationToken token)
    {
        HashSet<SessionId> going =
            [.. decisions.Where(decision => decision.Goes).Select(decision => decision.Point.Id)];
        try
        {
            FreedSpace space = await new FreedSpaceMeasure(repository).MeasureAsync(
                points, point => going.Contains(point.Id), progress, token);
            return new PrunePlan(decisions, space, null);
        }
        catch (RepositoryDamagedException damage)
        {
            return new PrunePlan(decisions, null, damage.Message);
        }
    }
}
