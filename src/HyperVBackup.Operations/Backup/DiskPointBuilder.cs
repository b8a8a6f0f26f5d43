using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Backup.Resume;
using HyperVBackup.Repository;
using HyperVBackup.Repository.Maps;
using HyperVBackup.Repository.Sessions;

namespace HyperVBackup.Operations.Backup;

/// <summary>Backs one disk up inside a session: decides how, runs it, and falls back to checksum recovery when an
/// audit finds the change source wrong.</summary>
internal sealed class DiskPointBuilder(
    BackupRepository repository, WritingSession session, IReadOnlyList<RestorePoint> points, DiskRequest disk,
    IDiskView view, bool isIdentityShared, EngineOptions options, BackupRequest request, string vm,
    ComparisonLogs logs, ReadLimit limit, IProgress<BackupProgress> progress)
{
    private readonly int chunkSizeBytes = repository.Settings.ChunkSizeBytes;
    private long bytesReadBefore;
    private long bytesAuditedBefore;
    private DiskTally? tallyBefore;
    private long mapBytesBefore;

    public List<string> Warnings { get; } = [];

    /// <summary>Bytes of the disk that were not looked at, because an interrupted backup had compared them.</summary>
    public long ResumedBytes { get; private set; }

    /// <summary>True once an audit found the change source wrong.</summary>
    public bool IsDistrusted { get; private set; }

    private long ChunkCount => DiskMap.Empty(chunkSizeBytes, view.Disk.VirtualSizeBytes).ChunkCount;

    /// <summary>The disk's part of the point, without its new tracking id.</summary>
    public async Task<DiskPoint> BuildAsync(CancellationToken token)
    {
        DiskPlan plan = DiskPlan.Decide(points, disk, view, chunkSizeBytes, request.Full, isIdentityShared);
        if (plan.LostReason is not null && plan.LostReason != UntrackedSource.Reason)
        {
            Warnings.Add(
                $"Disk '{disk.Name}': changes are lost ({plan.LostReason}); the whole disk was compared by checksum.");
        }

        if (plan.Kind != RestorePointKind.Incremental)
        {
            return await RunAsync(plan, [WholeDiskFrom(0)], audit: null, token);
        }

        AuditPlan audit = PlanAudit(plan);
        DiskPoint result = await RunAsync(plan, audit.Runs, audit, token);
        return result.LostReason.Length == 0 ? result : await RecoverAsync(result.LostReason, token);
    }

    private AuditPlan PlanAudit(DiskPlan plan) => new AuditPlanner(view.Disk, chunkSizeBytes).Plan(
        request.AuditPercent, [.. plan.Ranges!.ToChunkRuns(chunkSizeBytes)], plan.Parent!.Statistics);

    private Task<DiskPoint> RecoverAsync(string reason, CancellationToken token)
    {
        IsDistrusted = true;
        Warnings.Add(
            $"Disk '{disk.Name}': {reason}; its change source is not trusted, and the whole disk was compared by "
            + "checksum.");
        (RestorePoint newestPoint, DiskPoint newest) =
            DiskPlan.Candidates(points, disk, view.Disk, isIdentityShared)[^1];
        DiskPlan plan = new(RestorePointKind.Recovered, newestPoint, newest, null, reason);
        return RunAsync(plan, [WholeDiskFrom(0)], audit: null, token);
    }

    private ScanRun WholeDiskFrom(long index) => new(new ChunkRun(index, ChunkCount - index), IsAudit: false);

    /// <summary>What an interrupted comparison of the same disk with the same point noted; null where nothing can be
    /// noted of this one.</summary>
    private ComparisonLog? OpenLog(DiskPlan plan)
    {
        ComparisonLog? log = logs.TryOpen(
            vm, disk.Name, view.Disk.Stamp,
            stamp => new ComparisonSubject(
                repository.Id, vm, disk.Name, view.Disk.Identity ?? "", view.Disk.VirtualSizeBytes, chunkSizeBytes,
                plan.ParentPoint?.Id ?? default, plan.Parent?.Root ?? default, stamp),
            out string? refusal);
        if (refusal is not null)
        {
            string place = log is null || log.ResumedIndex == 0
                ? "it begins again"
                : $"it goes on at byte {log.ResumedIndex * chunkSizeBytes} only";
            Warnings.Add($"Disk '{disk.Name}': of an interrupted backup not all is believed ({refusal}); {place}.");
        }

        return log;
    }

    private async Task<DiskPoint> RunAsync(
        DiskPlan plan, IReadOnlyList<ScanRun> runs, AuditPlan? audit, CancellationToken token)
    {
        long virtualSizeBytes = view.Disk.VirtualSizeBytes;
        INodeSource nodes = session.Nodes;
        DiskMap parent = plan.Parent?.Map() ?? DiskMap.Empty(chunkSizeBytes, virtualSizeBytes);
        DiskMapWriter map = new(parent, virtualSizeBytes, nodes, session.Maps, repository.Hasher);
        bool isShrunk = plan.Parent is not null && parent.VirtualSizeBytes > virtualSizeBytes;
        ChangeListWriter? changes =
            plan.Parent is null || isShrunk ? null : new ChangeListWriter(session.Maps, repository.Hasher);
        ComparisonLog? log = plan.Kind == RestorePointKind.Incremental ? null : OpenLog(plan);
        IReadOnlyList<ScanRun> left = log is null ? runs : [WholeDiskFrom(log.ResumedIndex)];
        DiskBackup backup = new(
            view.Disk, chunkSizeBytes, session, repository.Hasher, repository.NewEncoder(), options, limit, log);
        long mapBytesAtStart = session.MapBytesWritten;
        long totalBytes = left.Sum(run => run.Chunks.Count) * chunkSizeBytes;
        await backup.RunAsync(
            left, plan.Parent is null ? null : (new DiskMapReader(parent, nodes), new DiskMapReader(parent, nodes)),
            map, changes,
            (done, read) => progress.Report(new BackupProgress(disk.Name, done, totalBytes, read)), token);
        DiskMap result = await map.FinishAsync(token);
        List<ListReference> lists = [];
        await AddListsAsync(lists, changes, runs, plan, token);
        ResumedBytes = backup.ResumedBytes;
        bytesReadBefore += backup.ReadBytes;
        bytesAuditedBefore += backup.AuditedBytes;
        mapBytesBefore += session.MapBytesWritten - mapBytesAtStart;
        backup.Tally.AddStored(tallyBefore);
        tallyBefore = backup.Tally;
        return Describe(plan, result, lists, backup.Tally, audit);
    }

    private async Task AddListsAsync(
        List<ListReference> lists, ChangeListWriter? changes, IReadOnlyList<ScanRun> runs, DiskPlan plan,
        CancellationToken token)
    {
        if (changes is not null)
        {
            lists.Add(await changes.FinishAsync(token));
        }

        if (plan.Kind == RestorePointKind.Incremental)
        {
            lists.Add(await WriteRangesAsync(ListKind.ReportedRanges, runs.Where(run => !run.IsAudit), token));
            lists.Add(await WriteRangesAsync(ListKind.AuditedRanges, runs.Where(run => run.IsAudit), token));
        }
    }

    private async Task<ListReference> WriteRangesAsync(
        ListKind kind, IEnumerable<ScanRun> runs, CancellationToken token)
    {
        RangeListWriter writer = new(kind, session.Maps, repository.Hasher);
        foreach (ScanRun run in runs)
        {
            await writer.AddAsync(
                new ListedRange(run.Chunks.FirstIndex * chunkSizeBytes, run.Chunks.Count * chunkSizeBytes), token);
        }

        return await writer.FinishAsync(token);
    }

    private DiskPoint Describe(
        DiskPlan plan, DiskMap map, List<ListReference> lists, DiskTally tally, AuditPlan? audit) => new()
    {
        Name = disk.Name,
        Identity = view.Disk.Identity ?? "",
        Kind = plan.Kind,
        VirtualSizeBytes = view.Disk.VirtualSizeBytes,
        ChunkSizeBytes = chunkSizeBytes,
        LogicalSectorSizeBytes = view.Disk.LogicalSectorSizeBytes,
        PhysicalSectorSizeBytes = view.Disk.PhysicalSectorSizeBytes,
        Root = map.Root(repository.Hasher),
        TopNode = map.Top,
        TopPlace = map.TopPlace,
        Parent = plan.ParentPoint?.Id ?? default,
        LostReason = tally.MismatchCount > 0 ? MismatchReason(tally) : plan.LostReason ?? "",
        Lists = lists,
        Statistics = Count(plan, tally, audit),
    };

    private DiskStatistics Count(DiskPlan plan, DiskTally tally, AuditPlan? audit) => new()
    {
        BytesRead = bytesReadBefore,
        BytesAudited = bytesAuditedBefore,
        BytesChanged = tally.BytesChanged,
        ChunksNew = tally.ChunksNew,
        BytesNew = tally.BytesNew,
        BytesStored = tally.RecordBytes + (2 * mapBytesBefore),
        ChunksInherited = tally.ChunksInherited,
        ChunksNonZero = plan.Kind == RestorePointKind.Incremental
            ? plan.Parent!.Statistics.ChunksNonZero + tally.NonZeroGrowth
            : tally.ChunksNonZero,
        AuditCursorBytes = audit?.CursorIndex * chunkSizeBytes ?? plan.Parent?.Statistics.AuditCursorBytes ?? 0,
    };

    private string MismatchReason(DiskTally tally)
    {
        string ranges = string.Join(", ", tally.FirstMismatches.Select(run =>
            new ByteRange(run.FirstIndex * chunkSizeBytes, run.Count * chunkSizeBytes)));
        bool isMore = tally.MismatchCount > tally.FirstMismatches.Sum(run => run.Count);
        return $"the audit found {tally.MismatchCount} changed chunks that the change source called unchanged ({ranges}"
            + (isMore ? ", …)" : ")");
    }
}
