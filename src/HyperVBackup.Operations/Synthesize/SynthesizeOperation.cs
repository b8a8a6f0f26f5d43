using HyperVBackup.Disks;
using HyperVBackup.Format;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Restore;
using HyperVBackup.Repository;
using HyperVBackup.Repository.Maps;
using HyperVBackup.Repository.Points;
using HyperVBackup.Repository.Sessions;

namespace HyperVBackup.Operations.Synthesize;

/// <summary>
/// Folds the change lists of each disk over the oldest map they lead from, and publishes the result only if its root
/// is the one that the newest point recorded: two independent ways to one answer. Used once.
/// </summary>
internal sealed class SynthesizeOperation(
    BackupRepository repository, SynthesizeRequest request, EngineOptions options,
    IProgress<RestoreProgress> progress)
{
    public async Task<SynthesizeReport> RunAsync(CancellationToken token)
    {
        await using WritingSession session =
            await repository.OpenWritingSessionAsync(LeaseKind.Synthesize, token);
        RestorePoint point = await session.WorkAsync(() => BuildAsync(session, token));
        await session.CommitAsync(point, token);
        return new SynthesizeReport(point);
    }

    private async Task<RestorePoint> BuildAsync(WritingSession session, CancellationToken token)
    {
        HashSet<SessionId> shown =
            [.. (await repository.ListShownPointsAsync(token)).Select(point => point.Id)];
        List<RestorePoint> points = PointSelector.FindVm(session.Points, request.Vm);
        List<RestorePoint> choice =
            PointSelector.FindVm([.. session.Points.Where(point => shown.Contains(point.Id))], request.Vm);
        RestorePoint newest = request.At is null ? choice[^1] : PointSelector.Find(choice, request.At);
        bool isLatest = newest.Id == choice[^1].Id;
        List<DiskPoint> disks = [];
        foreach (DiskPoint disk in newest.Disks)
        {
            long folded = await ProveAsync(session, points, newest, disk, token);
            disks.Add(WithAudit(await DescribeAsync(session, newest, disk, folded, token), points, newest, isLatest));
        }

        await session.FlushAsync(token);
        return newest with
        {
            Id = session.Id,
            // An older state stays where it was in the VM's order: it must not become its latest.
            Sequence = isLatest ? points[^1].Sequence + 1 : newest.Sequence,
            Disks = disks,
        };
    }

    private async Task<long> ProveAsync(
        WritingSession session, IReadOnlyList<RestorePoint> points, RestorePoint newest, DiskPoint disk,
        CancellationToken token)
    {
        ListRun run = ListRun.Find(points, newest, disk);
        SyntheticProof proof = new(session.Nodes, repository.Hasher, options.WorkerCount);
        SyntheticProofResult result =
            await proof.ProveAsync(run.Ancestor.Map(), run.Lists, disk.Map(), disk.Root, token);
        if (result.IsEqual)
        {
            return run.Lists.Count;
        }

        List<ByteRange> ranges =
            [.. result.DifferentRanges.Select(range => new ByteRange(range.StartBytes, range.LengthBytes))];
        string where = ranges.Count > 0
            ? $"they differ in {result.DifferentRangeCount} ranges, the first at {ranges[0]}"
            : "the recorded root is not that of its own map";
        throw new ProofFailedException(
            $"Disk '{disk.Name}': the change lists do not lead to the recorded state ({where}); nothing was published.",
            disk.Name, ranges);
    }

    /// <summary>Audits go on from it as from the point whose state it holds. Who becomes the VM's latest says all that
    /// is known of the change source.</summary>
    /// <param name="points">All of the VM, oldest first.</param>
    private static DiskPoint WithAudit(
        DiskPoint disk, IReadOnlyList<RestorePoint> points, RestorePoint newest, bool isLatest)
    {
        List<(RestorePoint Point, DiskPoint Disk)> candidates = [];
        foreach (RestorePoint point in points)
        {
            if (DiskMatch.Find(point, newest, disk) is DiskPoint found)
            {
                candidates.Add((point, found));
            }
        }

        AuditState state = AuditState.After(candidates, newest, disk);
        DiskAudit audit = disk.Audit with { Dues = state.Dues };
        return disk with
        {
            Statistics = disk.Statistics with { AuditCursorBytes = state.CursorBytes },
            Audit = isLatest ? SourceDistrust.Of(candidates.Select(one => one.Disk)).SaidIn(audit) : audit,
        };
    }

    private async Task<DiskPoint> DescribeAsync(
        WritingSession session, RestorePoint newest, DiskPoint disk, long folded, CancellationToken token)
    {
        DiskStatistics statistics = new()
        {
            ListsFolded = folded,
            ChunksNonZero = disk.Statistics.ChunksNonZero,
            AuditCursorBytes = disk.Statistics.AuditCursorBytes,
        };
        DiskMap map = disk.Map();
        if (request.Sequential)
        {
            await using ReadingSession reading =
                await repository.OpenReadingSessionAsync(LeaseKind.Synthesize, newest.Id, token);
            SequentialRewrite rewrite = new(repository, session, reading, disk, options, progress);
            map = await rewrite.RunAsync(token);
            statistics = statistics with { BytesStored = rewrite.BytesStored };
        }

        return disk with
        {
            Kind = RestorePointKind.Synthetic,
            TopNode = map.Top,
            TopPlace = map.TopPlace,
            Parent = default,
            LostReason = "",
            Lists = [],
            Statistics = statistics,
        };
    }
}
