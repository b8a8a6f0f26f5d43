using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Pins;
using HyperVBackup.Repository.Points;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Tests.Pins;

/// <summary>A sample repository seen by a host whose clock is set by hand.</summary>
internal sealed class PinSample
{
    private PinSample(SampleRepository sample, BackupRepository repository, SetClock clock) =>
        (Sample, Repository, Clock) = (sample, repository, clock);

    public static DateTimeOffset Start { get; } = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);

    public SampleRepository Sample { get; }

    public BackupRepository Repository { get; }

    public SetClock Clock { get; }

    public PointPins Pins => new(Repository);

    public static async Task<PinSample> CreateAsync()
    {
        SampleRepository sample = await SampleRepository.CreateAsync();
        SetClock clock = new(Start);
        BackupRepository repository = await BackupRepository.OpenAsync(
            sample.Store, SampleRepository.NewEnvironment() with { Clock = clock }, default);
        return new PinSample(sample, repository, clock);
    }

    /// <summary>Says that the point was made at the time that the clock shows.</summary>
    public async Task<RestorePoint> BackUpAsync(params int[] disk)
    {
        await using Repository.Sessions.WritingSession session =
            await Repository.OpenWritingSessionAsync(LeaseKind.Backup, default);
        RestorePoint point = await Sample.WriteAsync(session, disk) with { Time = Clock.Now };
        await session.CommitAsync(point, default);
        return point;
    }

    public Task<PointLocks> LocksAsync(bool trustsClocks = false) => LocksAsync(Repository, trustsClocks);

    public Task MarkAsync(SessionId point) => new PruneMarkFiles(Sample.Store, Repository.Id).TryPutAsync(
        point, new PruneMark { Time = Start, Host = "", Why = "" }, default);

    public IReadOnlyList<BlobName> Files => Sample.NamesIn(FileNames.PinFolder);

    private static async Task<PointLocks> LocksAsync(BackupRepository repository, bool trustsClocks) =>
        await PointLocks.ReadAsync(repository, await repository.ListPointsAsync(), trustsClocks, default);
}
