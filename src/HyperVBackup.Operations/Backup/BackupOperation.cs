using System.Runtime.ExceptionServices;
using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Backup.Resume;
using HyperVBackup.Repository;
using HyperVBackup.Repository.Points;
using HyperVBackup.Repository.Sessions;

namespace HyperVBackup.Operations.Backup;

/// <summary>
/// Backs the disks of one VM up into one restore point. The order is that of the design: chunk packs, map packs,
/// sources sealed, point published, sources confirmed; on any failure before, the sources are abandoned and nothing
/// is published. Used once.
/// </summary>
internal sealed class BackupOperation(
    BackupRepository repository, BackupRequest request, EngineOptions options, RepositoryEnvironment environment,
    CaughtSources caught, IProgress<BackupProgress> progress)
{
    private readonly OpenViews views = new();
    private readonly List<string> warnings = [];
    private readonly List<long> bytesResumed = [];
    private readonly ReadLimit limit = new(environment.Clock, request.ReadBytesPerSecondMax);
    private ComparisonLogs? comparisons;
    private long hitsReread;

    public async Task<BackupReport> RunAsync(CancellationToken token)
    {
        Check();
        RestorePoint point;
        try
        {
            point = await RunInSessionAsync(token);
        }
        catch
        {
            views.End(IsNoted); // what went wrong first is what is told
            throw;
        }

        if (views.End(IsNoted) is Exception failure)
        {
            ExceptionDispatchInfo.Throw(failure);
        }

        return new BackupReport(point, warnings)
        {
            BytesResumed = bytesResumed,
            HitsReread = hitsReread,
            Findings = [.. request.Disks.Select(disk => caught.Of(disk.Name)).OfType<AuditFinding>()],
        };
    }

    private async Task<RestorePoint> RunInSessionAsync(CancellationToken token)
    {
        await using WritingSession session = await repository.OpenWritingSessionAsync(LeaseKind.Backup, token);
        session.ImmutableUntil = request.ImmutableUntil;
        using ComparisonLogs logs = new(environment.StateFolder, repository.Id, environment.Clock.GetUtcNow());
        comparisons = logs;
        RestorePoint point;
        try
        {
            point = await session.WorkAsync(() => BuildAsync(session, logs, token));
        }
        catch (ComparisonRefutedException)
        {
            logs.DeleteOpen();
            throw;
        }

        try
        {
            await session.CommitAsync(point, token);
        }
        finally
        {
            hitsReread = session.HitsReread;
            if (session.IsCommitted)
            {
                logs.Delete(point.VmIdentity, point.Disks.Select(disk => disk.Name));
                views.Confirm();
            }
        }

        return point;
    }

    private bool IsNoted(int position) => comparisons?.IsNoted(request.Disks[position].Name) ?? false;

    private void Check()
    {
        if (!VmName.IsValid(request.VmName))
        {
            throw new ArgumentException(
                $"'{request.VmName}' cannot name a VM: use 1 to 200 characters without '@', '/' or control "
                + "characters.");
        }

        if (request.VmIdentity is not null && !VmName.IsIdentity(request.VmIdentity))
        {
            throw new ArgumentException($"'{request.VmIdentity}' identifies no VM: use a GUID in lower case.");
        }

        if (request.Disks.Count == 0)
        {
            throw new ArgumentException("A backup needs at least one disk.");
        }

        if (request.AuditPercent is double percent && !(percent >= 0 && percent <= 100))
        {
            throw new ArgumentException($"{percent} percent cannot be audited: give a number from 0 to 100.");
        }

        if (request.ReadBytesPerSecondMax < 1)
        {
            throw new ArgumentException($"Disks cannot be read at {request.ReadBytesPerSecondMax} bytes a second.");
        }

        DiskRequest? unnamed = request.Disks.FirstOrDefault(disk => !DiskName.IsValid(disk.Name));
        if (unnamed is not null)
        {
            throw new ArgumentException(
                $"'{unnamed.Name}' cannot name a disk: use 1 to 200 characters that can stand as a file's name.");
        }

        string? twice = request.Disks.GroupBy(disk => disk.Name, StringComparer.OrdinalIgnoreCase)
            .FirstOrDefault(group => group.Count() > 1)?.Key;
        if (twice is not null)
        {
            throw new ArgumentException($"Two disks are named '{twice}': give one another name with NAME=PATH.");
        }
    }

    private async Task<RestorePoint> BuildAsync(WritingSession session, ComparisonLogs logs, CancellationToken token)
    {
        foreach (DiskRequest disk in request.Disks)
        {
            views.Open(disk.Source);
        }

        string identity = request.VmIdentity ?? FindIdentity(session.Points);
        List<RestorePoint> points = [.. session.Points.Where(point => IsThisVm(point, identity))];
        points.Sort(PointOrder.Compare);
        IReadOnlyList<ListReference> configuration = request.FindConfiguration is null
            ? []
            : await new ConfigurationBackup(session, repository.Hasher)
                .StoreAsync(request.FindConfiguration(), token);
        List<DiskPoint> disks = [];
        for (int position = 0; position < request.Disks.Count; position++)
        {
            DiskPointBuilder builder = new(
                repository, session, points, request.Disks[position], views[position], views.IsIdentityShared(position),
                options, request, identity, logs, limit, position, caught, progress);
            disks.Add(await builder.BuildAsync(token));
            warnings.AddRange(builder.Warnings);
            bytesResumed.Add(builder.ResumedBytes);
        }

        views.RequireSameSizes();
        await session.FlushAsync(token);
        await session.ThrowIfFencedAsync(token); // before any source is sealed, which some can do once only
        DiskPoint[] sealedDisks =
            [.. disks.Select((disk, position) => disk with
            {
                TrackingId = IdOf(disk.Name, views[position].Seal()),
            })];
        for (int position = 0; position < sealedDisks.Length; position++)
        {
            WarnOfRepeatedId(points, position, sealedDisks[position]);
        }

        return new RestorePoint
        {
            Id = session.Id,
            Sequence = points.Count == 0 ? 1 : points[^1].Sequence + 1,
            Time = TimeAfter(points),
            VmIdentity = identity,
            VmName = NameOf(points),
            Consistency = request.FindConsistency?.Invoke() ?? request.Consistency,
            Disks = sealedDisks,
            ConfigurationFiles = configuration,
        };
    }

    /// <summary>A VM that is called by its GUID keeps the name it had.</summary>
    private VmName NameOf(List<RestorePoint> points) =>
        points.Count > 0 && string.Equals(request.VmName, request.VmIdentity, StringComparison.OrdinalIgnoreCase)
            ? points[^1].VmName
            : new VmName(request.VmName);

    /// <summary>A VM known by name alone keeps the identity it had, if only one VM has that name.</summary>
    private string FindIdentity(IReadOnlyList<RestorePoint> points) =>
        points.Any(point => PointSelector.Answers(point, request.VmName))
            ? PointSelector.FindVm(points, request.VmName)[^1].VmIdentity
            : new VmName(request.VmName).Identity;

    /// <summary>That of a source that was caught lying is recorded too: its next claim is held against it.</summary>
    private string? IdOf(string disk, string? sealedId)
    {
        if (sealedId is null || TrackingId.IsValid(sealedId))
        {
            return sealedId;
        }

        warnings.Add(
            $"Disk '{disk}': the change source's new tracking id is none that can be recorded; "
            + "the next backup compares by checksum.");
        return null;
    }

    /// <summary>An id that stands for two states leads to the newer one only while that one's point is there.</summary>
    private void WarnOfRepeatedId(List<RestorePoint> points, int position, DiskPoint disk)
    {
        bool isRepeated = disk.TrackingId is not null && DiskPlan
            .Candidates(points, request.Disks[position], views[position].Disk, views.IsIdentityShared(position))
            .Exists(before => before.Disk.TrackingId == disk.TrackingId && before.Disk.Root != disk.Root);
        if (isRepeated)
        {
            warnings.Add(
                $"Disk '{disk.Name}': its change source gives two states of it one tracking id, '{disk.TrackingId}'; "
                + "should this restore point be lost or pruned before the next backup, make that one with --full.");
        }
    }

    private static bool IsThisVm(RestorePoint point, string identity) =>
        string.Equals(point.VmIdentity, identity, StringComparison.OrdinalIgnoreCase);

    /// <summary>Times are for people: never before the parent's, also when a clock went back.</summary>
    private DateTimeOffset TimeAfter(List<RestorePoint> points)
    {
        long milliseconds = environment.Clock.GetUtcNow().ToUnixTimeMilliseconds();
        DateTimeOffset now = DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
        return points.Count > 0 && points[^1].Time > now ? points[^1].Time : now;
    }
}
