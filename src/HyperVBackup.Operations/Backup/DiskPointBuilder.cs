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
    ComparisonLogs logs, ReadLimit limit, int diskIndex, CaughtSources caught, IProgress<BackupProgress> progress)
{
    private readonly int chunkSizeBytes = repository.Settings.ChunkSizeBytes;
    private long bytesReadBefore;
    private long bytesAuditedBefore;
    private DiskTally? tallyBefore;
    private long mapBytesBefore;

    public List<string> Warnings { get; } = [];

    /// <summary>Bytes of the disk that were not looked at, because an interrupted backup had compared them.</summary>
    public long ResumedBytes { get; private set; }

    /// <summary>What an audit found that the change source had called unchanged, here or in an earlier run of the same
    /// backup; null where it found nothing.</summary>
    private AuditFinding? Finding => caught.Of(disk.Name);

    private long ChunkCount => DiskMap.Empty(chunkSizeBytes, view.Disk.VirtualSizeBytes).ChunkCount;

    /// <summary>The disk's part of the point, without its new tracking id.</summary>
    public async Task<DiskPoint> BuildAsync(CancellationToken token)
    {
        DiskPlan plan = DiskPlan.Decide(points, disk, view, chunkSizeBytes, request.Full, isIdentityShared);
        if (Finding is not null && plan.Ranges is not null)
        {
            return await RecoverAsync(plan, Finding.Reason, token);
        }

        if (Finding is not null)
        {
            Warnings.Add($"Disk '{disk.Name}': {Finding.Reason}; its change source is not trusted.");
        }

        if (plan.Kind == RestorePointKind.Recovered && plan.Ranges is not null)
        {
            return await TryAsync(plan, token);
        }

        if (plan.LostReason is not null && plan.LostReason != UntrackedSource.Reason)
        {
            Warnings.Add(
                $"Disk '{disk.Name}': changes are lost ({plan.LostReason}); the whole disk was compared by checksum.");
        }

        if (plan.Kind != RestorePointKind.Incremental)
        {
            return await RunAsync(plan, [WholeDisk()], audit: null, token);
        }

        AuditPlan audit = new AuditPlanner(view.Disk, chunkSizeBytes).Plan(
            request.AuditPercent, ChunkRunsOf(plan.Ranges!), plan.AuditState);
        DiskPoint result = await RunAsync(plan, audit.Runs, audit, token);
        return Finding is null ? result : await RecoverAsync(plan, result.LostReason, token);
    }

    private ChunkRun[] ChunkRunsOf(ChangedRanges ranges) => [.. ranges.ToChunkRuns(chunkSizeBytes)];

    /// <summary>Reads the whole disk and holds it against what a distrusted source claims.</summary>
    private async Task<DiskPoint> TryAsync(DiskPlan plan, CancellationToken token)
    {
        AuditPlan whole = AuditPlan.OfAll(ChunkRunsOf(plan.Ranges!), ChunkCount, cursorIndex: 0);
        DiskPoint result = await RunAsync(plan, whole.Runs, audit: null, token);
        string caughtBefore = "its change source had been caught by an audit; the whole disk was compared by checksum";
        string outcome = (Finding, result.Audit.Trust) switch
        {
            (null, SourceTrust.Restored) =>
                $"{caughtBefore} and showed no other changes than those it told, so it is trusted again.",
            (null, _) => $"{caughtBefore}, but what it told is most of the disk, so it stays distrusted.",
            _ => $"{result.LostReason}; its change source had been caught before and stays distrusted, and the whole "
                + "disk was compared by checksum.",
        };
        Warnings.Add($"Disk '{disk.Name}': {outcome}");
        return result;
    }

    private Task<DiskPoint> RecoverAsync(DiskPlan before, string reason, CancellationToken token)
    {
        Warnings.Add(
            $"Disk '{disk.Name}': {reason}; its change source is not trusted, and the whole disk was compared by "
            + "checksum.");
        (RestorePoint newestPoint, DiskPoint newest) =
            DiskPlan.Candidates(points, disk, view.Disk, isIdentityShared)[^1];
        DiskPlan plan = new(RestorePointKind.Recovered, newestPoint, newest, null, reason)
        {
            Distrust = before.Distrust,
        };
        return RunAsync(plan, [WholeDisk()], audit: null, token);
    }

    private ScanRun WholeDisk() => new(new ChunkRun(0, ChunkCount), IsAudit: false);

    /// <summary>What is left of a comparison of the whole disk, where an interrupted one of the same disk with the same
    /// point was noted. What records its changes is not asked where it was caught.</summary>
    private ComparisonRest OpenRest(DiskPlan plan)
    {
        bool isTracked = view.Stamp is not null && plan.Distrust.Trust != SourceTrust.Distrusted && Finding is null;
        ComparisonLog? log = logs.TryOpen(
            vm, disk.Name, logs.StampOf(view, isTracked),
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

        ChangedRanges changedSince = isTracked ? view.Stamp!.ChangedSince : ChangedRanges.Empty;
        return ComparisonRest.Of(log, changedSince, ChunkCount, chunkSizeBytes);
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
        ComparisonRest? rest = plan.Ranges is null ? OpenRest(plan) : null; // a claim is judged by one whole look
        IReadOnlyList<ScanRun> left = rest is null ? runs : [.. rest.Left.Select(run => new ScanRun(run, false))];
        DiskBackup backup = new(
            view.Disk, chunkSizeBytes, session, repository.Hasher, repository.NewEncoder(), options, limit, rest?.Log);
        long mapBytesAtStart = session.MapBytesWritten;
        long totalBytes = left.Sum(run => run.Chunks.Count) * chunkSizeBytes;
        try
        {
            await backup.RunAsync(
                left, plan.Parent is null ? null : () => new DiskMapReader(parent, nodes), map, changes,
                (done, read) => progress.Report(new BackupProgress(disk.Name, done, totalBytes, read)), token);
        }
        finally
        {
            if (AuditFinding.Of(disk.Name, backup.Tally, chunkSizeBytes) is AuditFinding found)
            {
                caught.Add(found); // what was caught stays so, whatever fails after
            }
        }

        DiskMap result = await map.FinishAsync(token);
        List<ListReference> lists = [];
        bool isVouchedFor = rest is { RecalledCount: > 0 } && view.Stamp is not null;
        await AddListsAsync(lists, changes, isVouchedFor ? left : runs, plan, isVouchedFor, token);
        ResumedBytes = backup.ResumedBytes;
        bytesReadBefore += backup.ReadBytes;
        bytesAuditedBefore += backup.AuditedBytes;
        mapBytesBefore += session.MapBytesWritten - mapBytesAtStart;
        backup.Tally.AddStored(tallyBefore);
        tallyBefore = backup.Tally;
        uint horizon = isVouchedFor ? HorizonAfter(backup.Tally) : audit?.HorizonRunCount ?? 0;
        return Describe(plan, result, lists, backup.Tally, audit, horizon);
    }

    private async Task AddListsAsync(
        List<ListReference> lists, ChangeListWriter? changes, IReadOnlyList<ScanRun> runs, DiskPlan plan,
        bool isVouchedFor, CancellationToken token)
    {
        if (changes is not null)
        {
            lists.Add(await changes.FinishAsync(token));
        }

        if (plan.Kind == RestorePointKind.Incremental || isVouchedFor)
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
        DiskPlan plan, DiskMap map, List<ListReference> lists, DiskTally tally, AuditPlan? audit, uint horizon) => new()
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
        LostReason = Finding?.Reason ?? plan.LostReason ?? "",
        Lists = lists,
        Statistics = Count(plan, tally, audit),
        Audit = DistrustAfter(plan, tally).SaidIn(
            new DiskAudit { HorizonRunCount = horizon, Dues = audit?.Dues ?? [] }),
    };

    /// <summary>Where a comparison went on on a tracker's word: as long as audits that begin with the next run take.
    /// </summary>
    private uint HorizonAfter(DiskTally tally)
    {
        AuditPlan next = new AuditPlanner(view.Disk, chunkSizeBytes).Plan(
            request.AuditPercent, [], AuditState.None with { ChunksNonZero = tally.ChunksNonZero });
        return Math.Min(next.HorizonRunCount, DiskAudit.Never - 1) + 1;
    }

    /// <summary>Only a comparison of the whole disk with a claim can restore trust, and only one that left out at least
    /// half of what the disk holds: else there is little or nothing that the source could have been wrong about.
    /// </summary>
    private SourceDistrust DistrustAfter(DiskPlan plan, DiskTally tally)
    {
        if (Finding is not null)
        {
            return plan.Distrust.AfterCatch(new SourceCatch(session.Id, diskIndex));
        }

        bool isTrial = plan is { Distrust.Trust: SourceTrust.Distrusted, Ranges: not null };
        long leftOut = tally.ChunksAuditedNonZero;
        return isTrial && leftOut > 0 && leftOut >= tally.ChunksNonZero - leftOut
            ? plan.Distrust.AfterProof()
            : plan.Distrust;
    }

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
}
