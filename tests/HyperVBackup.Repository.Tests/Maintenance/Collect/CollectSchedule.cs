using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maintenance.Collect;
using HyperVBackup.Repository.Maintenance.Repair;
using HyperVBackup.Repository.Maps;
using HyperVBackup.Repository.Parity;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Repository.Tests.Maintenance.Repair;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maintenance.Collect;

/// <summary>Two that back up, two collectors, one that prunes and one that restores, on one store; in some schedules
/// also one that repairs what rotted, and one that protects packs by parity. The seed says whose operation is next.
/// What was published and not pruned restores at any time, where it rotted after a repair, and afterwards one collector
/// alone puts all in order.</summary>
internal sealed class CollectSchedule(CollectSituation situation, int seed, bool hasRepair = false)
{
    private const int ActorCount = 6;
    private const int ParityPercent = 20;
    private const int IdsFrom = 1_000_000;
    private const int LivesMax = 20;
    private static readonly CollectOptions eager = new()
    {
        Patience = TimeSpan.FromSeconds(2), SmallPackCountMin = 3,
    };

    private static RepairOptions Repairing => new()
    {
        ReadData = true, WorkerCount = 1, LiveDisks = new KnownChunks([.. Enumerable.Range(1, 99)]),
    };

    private readonly SampleRepository sample = situation.Sample;
    private readonly ScheduleFate fate = new(seed, ActorCount + (hasRepair ? 2 : 0));
    private readonly Random random = new(seed);
    private Turns turns = null!;
    private int environmentCount;

    public List<(RestorePoint Point, int[] Disk)> Made { get; } = [];

    public int FencedCount { get; private set; }

    public int RestoredCount { get; private set; }

    public int LostAnswers => fate.LostAnswers;

    /// <summary>Places and files that were healed beside all else.</summary>
    public int HealedCount { get; private set; }

    /// <summary>Parity files made beside all else.</summary>
    public int ProtectedCount { get; private set; }

    public async Task RunAsync()
    {
        turns = new Turns(fate.Choose);
        List<Func<int, Task>> actors =
        [
            BackUpTwiceAsync,
            actor => LiveAsync(actor, CollectAsync),
            actor => LiveAsync(actor, PruneAsync),
            actor => LiveAsync(actor, CollectAsync),
            BackUpTwiceAsync,
            actor => LiveAsync(actor, RestoreAsync),
        ];
        if (hasRepair)
        {
            ScheduleDamage.Do(sample, random);
            actors.AddRange([actor => LiveAsync(actor, RepairAsync), actor => LiveAsync(actor, ProtectAsync)]);
        }

        await turns.RunAsync([.. actors]);
        foreach ((RestorePoint point, int[] disk) in Made)
        {
            sample.Disks[point.Id] = disk;
        }

        await (hasRepair ? RequireRepairedAsync() : Task.CompletedTask);
        await sample.RequireNothingLostAsync([.. situation.Pruned]);
        await PruneAgainAsync();
        RepositoryEnvironment later = NewEnvironment() with { ProcessId = 9, IsProcessAlive = _ => false };
        await CollectSample.CollectAsync(sample.Store, eager, later);
        await situation.RequireGoodAsync();
    }

    /// <summary>The one that pruned may have died before it marked what it wanted to.</summary>
    private async Task PruneAgainAsync()
    {
        HashSet<BlobName> names = [.. sample.Store.Names];
        foreach (RestorePoint point in situation.Pruned)
        {
            if (names.Contains(new BlobName(FileNames.RestorePoint(point.Id))))
            {
                await sample.MarkAsync(point);
            }
        }
    }

    private RepositoryEnvironment NewEnvironment() =>
        CollectSample.NewEnvironment(IdsFrom + (seed * 256) + environmentCount++);

    /// <summary>Begins again where an answer was lost, as a task that is run again does.</summary>
    private async Task LiveAsync(int actor, Func<TurnStore, RepositoryEnvironment, Task> workAsync)
    {
        for (int life = 1; ; life++)
        {
            try
            {
                await workAsync(new TurnStore(sample.Store, turns, actor, fate.LosesAnswer), NewEnvironment());
                return;
            }
            catch (StoreException) when (life < LivesMax)
            {
                continue;
            }
            catch (RepositoryDamagedException) when (hasRepair)
            {
                return; // it met what rotted before the repair did
            }
            catch (SessionFencedException) when (hasRepair && life < LivesMax)
            {
                continue;
            }
        }
    }

    private static Task CollectAsync(TurnStore store, RepositoryEnvironment environment) =>
        CollectSample.CollectAsync(store, eager, environment);

    private async Task RepairAsync(IBlobStore store, RepositoryEnvironment environment)
    {
        BackupRepository repository = await BackupRepository.OpenAsync(store, environment, default);
        RepairReport report = await repository.NewRepair(Repairing).RunAsync(new Silence<RepairProgress>(), default);
        HealedCount += report.Healed.Count;
    }

    private async Task ProtectAsync(IBlobStore store, RepositoryEnvironment environment)
    {
        BackupRepository repository = await BackupRepository.OpenAsync(store, environment, default);
        ProtectOptions options = new() { ParityPercent = ParityPercent, WorkerCount = 1 };
        ProtectReport report = await repository.NewProtection(options)
            .RunAsync(new Silence<ProtectProgress>(), default);
        ProtectedCount += report.ParityFileCount;
    }

    /// <summary>The one that repairs may have died, or have been given up by a collector.</summary>
    private async Task RequireRepairedAsync()
    {
        BackupRepository repository = await BackupRepository.OpenAsync(sample.Store, NewEnvironment(), default);
        RepairReport report = await repository.NewRepair(Repairing).RunAsync(new Silence<RepairProgress>(), default);
        Assert.Empty(report.Left);
    }

    /// <summary>Two backups one after the other; the second takes the first for its parent where it can. Chunks are
    /// often those of points that go.</summary>
    private async Task BackUpTwiceAsync(int actor)
    {
        TurnStore store = new(sample.Store, turns, actor, fate.LosesAnswer);
        BackupRepository repository = await BackupRepository.OpenAsync(store, NewEnvironment(), default);
        SampleRepository own = sample.Over(sample.Store, repository);
        RestorePoint? parent = null;
        for (int count = 0; count < 2; count++)
        {
            int[] disk = [.. Enumerable.Range(0, 5).Select(_ => random.Next(5) == 0 ? 0 : random.Next(20, 90))];
            try
            {
                await using WritingSession session =
                    await repository.OpenWritingSessionAsync(LeaseKind.Backup, default);
                RestorePoint? known = session.Points.FirstOrDefault(point => point.Id == parent?.Id)
                    ?? session.Points.FirstOrDefault(point => random.Next(2) == 0 && own.Disks.ContainsKey(point.Id));
                RestorePoint point = await own.WriteAsync(session, disk, known, known?.VmName.Text ?? $"new-{actor}");
                await session.CommitAsync(point, default);
                (own.Disks[point.Id], parent) = (disk, point);
                Made.Add((point, disk));
            }
            catch (Exception failure) when (failure is SessionFencedException or StoreException)
            {
                FencedCount++; // what it was writing may have been cleaned up by then
            }
        }
    }

    private async Task PruneAsync(TurnStore store, RepositoryEnvironment environment)
    {
        BackupRepository repository = await BackupRepository.OpenAsync(store, environment, default);
        foreach (RestorePoint point in await repository.ListPointsAsync(default))
        {
            if (random.Next(3) == 0)
            {
                situation.Pruned.Add(point);
                await CollectSample.MarkAsync(store, repository.Id, point.Id);
            }
        }
    }

    /// <summary>Restores some points, whatever happens beside it: each gives its bytes, or was pruned.</summary>
    private async Task RestoreAsync(TurnStore store, RepositoryEnvironment environment)
    {
        BackupRepository repository = await BackupRepository.OpenAsync(store, environment, default);
        List<RestorePoint> points = await repository.ListPointsAsync(default);
        for (int count = 0; count < 3 && points.Count > 0; count++)
        {
            RestorePoint point = points[random.Next(points.Count)];
            try
            {
                await RestoreAsync(repository, point);
                RestoredCount++;
            }
            catch (SessionFencedException)
            {
                continue; // it slept for too long: another session may read the point
            }
            catch (RestorePointNotFoundException) when (situation.Pruned.Any(pruned => pruned.Id == point.Id))
            {
                continue;
            }
        }
    }

    private async Task RestoreAsync(BackupRepository repository, RestorePoint point)
    {
        int[]? disk = sample.Disks.GetValueOrDefault(point.Id)
            ?? Made.Find(made => made.Point.Id == point.Id).Disk;
        await using ReadingSession session =
            await repository.OpenReadingSessionAsync(LeaseKind.Restore, point.Id, default);
        DiskPoint read = session.Point.Disks[0];
        DiskMapReader reader = new(
            new DiskMap(read.ChunkSizeBytes, read.VirtualSizeBytes, read.TopNode, read.TopPlace), session.Nodes);
        byte[] bytes = new byte[SampleRepository.ChunkSizeBytes];
        for (int index = 0; index < reader.Map.ChunkCount; index++)
        {
            MapChunk chunk = await reader.FindAsync(index, default);
            bytes.AsSpan().Clear();
            if (!chunk.Id.IsZero)
            {
                await session.ReadChunkAsync(chunk.Id, chunk.Place, bytes, default);
            }

            // What was committed though its answer was lost, nobody knows the bytes of but its ids.
            Assert.True(disk is null
                ? chunk.Id.IsZero || SampleRepository.Hash(bytes).Id == chunk.Id
                : SampleRepository.Chunk(disk[index]).AsSpan().SequenceEqual(bytes));
        }
    }
}
