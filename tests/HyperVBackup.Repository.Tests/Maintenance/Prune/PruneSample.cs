using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maintenance.Collect;
using HyperVBackup.Repository.Maintenance.Prune;
using HyperVBackup.Repository.Pins;
using HyperVBackup.Repository.Points;
using HyperVBackup.Repository.Tests.Pins;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Tests.Maintenance.Prune;

/// <summary>A repository with one restore point a day and VM, and a host that prunes it.</summary>
internal sealed class PruneSample
{
    private readonly PinSample pins;

    private PruneSample(PinSample pins) => this.pins = pins;

    public SampleRepository Sample => pins.Sample;

    public BackupRepository Repository => pins.Repository;

    public PointPins Pins => pins.Pins;

    public SetClock Clock => pins.Clock;

    public static async Task<PruneSample> CreateAsync() => new(await PinSample.CreateAsync());

    /// <summary>Backs up now; the clock then goes on by a day.</summary>
    public async Task<RestorePoint> BackUpAsync(
        int[] disk, RestorePoint? parent = null, string vm = "vm", Func<SessionId, DiskAudit>? audit = null)
    {
        await using Repository.Sessions.WritingSession session =
            await Repository.OpenWritingSessionAsync(LeaseKind.Backup, default);
        RestorePoint point = await Sample.WriteAsync(session, disk, parent, vm) with { Time = Clock.Now };
        if (audit is not null)
        {
            point = point with { Disks = [.. point.Disks.Select(one => one with { Audit = audit(session.Id) })] };
        }

        await session.CommitAsync(point, default);
        Sample.Disks[point.Id] = disk;
        Clock.Now = Clock.Now.AddDays(1);
        return point;
    }

    /// <summary>A chain of incrementals, each with a chunk of its own.</summary>
    public async Task<RestorePoint[]> BackUpDaysAsync(int count, string vm = "vm")
    {
        List<RestorePoint> points = [];
        for (int day = 0; day < count; day++)
        {
            points.Add(await BackUpAsync([1, 100 + day], points.LastOrDefault(), vm));
        }

        return [.. points];
    }

    public Pruning Prune(RetentionRule rule, int count, string? vm = null, bool force = false, bool measure = false) =>
        new(Repository, new PruneOptions
        {
            Policy = new RetentionPolicy(new Dictionary<RetentionRule, int> { [rule] = count }, TimeZoneInfo.Utc),
            Vm = vm,
            Force = force,
            MeasureSpace = measure,
        });

    public static Task<PrunePlan> PlanAsync(Pruning pruning) =>
        pruning.PlanAsync(new Silence<CollectProgress>(), default);

    public async Task<PrunePlan> RunAsync(Pruning pruning)
    {
        PrunePlan plan = await PlanAsync(pruning);
        await pruning.ExecuteAsync(plan, default);
        return plan;
    }

    public Task<List<SessionId>> MarkedAsync() => SampleRepository.ToListAsync(
        new PruneMarkFiles(Sample.Store, Repository.Id).ListAsync(default));

    public static IEnumerable<SessionId> Going(PrunePlan plan) =>
        plan.Decisions.Where(decision => decision.Goes).Select(decision => decision.Point.Id);

    /// <summary>Makes the map of a point unreadable, in both copies.</summary>
    public void LoseMap(RestorePoint point)
    {
        foreach (string copy in (string[])["", FileNames.MirrorFolder])
        {
            BlobName name = new(copy + point.Disks[0].TopPlace.Pack.BlobName);
            Sample.Store[name].AsSpan().Clear();
        }
    }
}
