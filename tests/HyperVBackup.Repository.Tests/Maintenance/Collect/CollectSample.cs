using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maintenance;
using HyperVBackup.Repository.Maintenance.Collect;
using HyperVBackup.Repository.Maps;
using HyperVBackup.Repository.Parity;
using HyperVBackup.Repository.Points;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Storage;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maintenance.Collect;

/// <summary>Steps that tests of collecting share.</summary>
internal static class CollectSample
{
    /// <summary>Never repacks: what goes and what stays is then decided by what is needed alone.</summary>
    public static CollectOptions WithoutRepacking => new() { DeadPercentMax = 100, SmallPackCountMin = int.MaxValue };

    /// <summary>A host on which waiting takes no time.</summary>
    public static RepositoryEnvironment NewEnvironment(int? seed = null) =>
        SampleRepository.NewEnvironment(seed) with { Clock = new QuickClock() };

    public static Task<bool> MarkAsync(IBlobStore store, RepositoryId repository, SessionId point) =>
        new PruneMarkFiles(store, repository).TryPutAsync(
            point, new PruneMark { Time = DateTimeOffset.UnixEpoch, Host = "host", Why = "a test" }, default);

    public static Task<bool> MarkAsync(this SampleRepository sample, RestorePoint point) =>
        MarkAsync(sample.Store, sample.Repository.Id, point.Id);

    public static async Task<CollectReport> CollectAsync(
        IBlobStore store, CollectOptions options, RepositoryEnvironment? environment = null,
        CancellationToken token = default)
    {
        BackupRepository repository = await BackupRepository.OpenAsync(
            store, environment ?? NewEnvironment(), default);
        return await repository.NewCollector(options).RunAsync(new Silence<CollectProgress>(), token);
    }

    public static Task<CollectReport> CollectAsync(
        this SampleRepository sample, CollectOptions options, RepositoryEnvironment? environment = null) =>
        CollectAsync(sample.Store, options, environment);

    /// <summary>All points but the pruned ones restore, and nothing is damaged.</summary>
    public static async Task RequireGoodAsync(this SampleRepository sample, params RestorePoint[] gone)
    {
        BackupRepository repository = await SampleRepository.OpenAsync(sample.Store);
        VerificationReport report = await repository
            .NewVerification(new VerificationOptions { ReadDataPercent = 100, WorkerCount = 1 })
            .RunAsync(new Silence<VerificationProgress>(), default);
        Assert.Empty(report.Damage);
        foreach (ParityFile file in await new ParityFiles(sample.Store, repository.Id).OpenAllAsync(
            (name, complaint) => Assert.Fail($"{name}: {complaint}"), default))
        {
            Assert.All(
                file.Group.PackNames(), pack => Assert.Contains(new BlobName(pack.BlobName), sample.Store.Names));
        }

        HashSet<SessionId> points = [.. (await repository.ListPointsAsync(default)).Select(point => point.Id)];
        foreach ((SessionId point, int[] disk) in sample.Disks)
        {
            bool isGone = gone.Any(other => other.Id == point);
            Assert.Equal(!isGone, points.Contains(point));
            if (!isGone)
            {
                Assert.True(await ReadsAsync(sample, point, disk), $"point {point} does not restore");
            }
        }
    }

    /// <summary>In the midst of a collection: all points but the pruned ones restore.</summary>
    public static async Task RequireNothingLostAsync(this SampleRepository sample, params RestorePoint[] pruned)
    {
        foreach ((SessionId point, int[] disk) in sample.Disks)
        {
            Assert.True(
                pruned.Any(other => other.Id == point) || await ReadsAsync(sample, point, disk),
                $"point {point} does not restore");
        }
    }

    public static IReadOnlyList<PackName> Packs(this SampleRepository sample, PackKind kind) =>
        [.. sample.NamesIn(kind == PackKind.Chunks ? FileNames.ChunkPackFolder : FileNames.MapPackFolder)
            .Select(name => PackName.TryParse(name.Path, out PackName pack) ? pack : default)];

    /// <summary>Stores chunks again, whatever stands already.</summary>
    public static async Task<RecordPlace[]> StoreAgainAsync(WritingSession session, int[] numbers)
    {
        RecordPlace[] places = new RecordPlace[numbers.Length];
        for (int index = 0; index < numbers.Length; index++)
        {
            if (numbers[index] != 0)
            {
                EncodedRecord record = SampleRepository.Encode(numbers[index], out byte[] bytes);
                await session.StoreAsync(new[] { record }, bytes, places.AsMemory(index, 1), default);
            }
        }

        return places;
    }

    /// <summary>Reads a point without a session.</summary>
    private static async Task<bool> ReadsAsync(SampleRepository sample, SessionId id, int[] disk)
    {
        BackupRepository repository = await SampleRepository.OpenAsync(sample.Store);
        DiskPoint point = (await repository.ListPointsAsync(default)).Single(point => point.Id == id).Disks[0];
        DiskMapReader reader = new(
            new DiskMap(point.ChunkSizeBytes, point.VirtualSizeBytes, point.TopNode, point.TopPlace),
            repository.Nodes);
        byte[] bytes = new byte[SampleRepository.ChunkSizeBytes];
        for (int index = 0; index < disk.Length; index++)
        {
            MapChunk chunk = await reader.FindAsync(index, default);
            bytes.AsSpan().Clear();
            if (!chunk.Id.IsZero)
            {
                await repository.Records.ReadChunkAsync(chunk.Id, chunk.Place, bytes, default);
            }

            if (!SampleRepository.Chunk(disk[index]).AsSpan().SequenceEqual(bytes))
            {
                return false;
            }
        }

        return disk.Length == reader.Map.ChunkCount;
    }
}
