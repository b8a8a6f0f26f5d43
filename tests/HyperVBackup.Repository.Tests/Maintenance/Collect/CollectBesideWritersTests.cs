using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maintenance.Collect;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maintenance.Collect;

/// <summary>Backups, prunes and collectors whose operations on the store mix in any way, and some of which never go on:
/// every point that was published and not pruned restores to its bytes.</summary>
public sealed class CollectBesideWritersTests(ITestOutputHelper output)
{
    private const int ScheduleCount = 80;
    private static readonly CollectOptions eager = new()
    {
        Patience = TimeSpan.FromSeconds(2), SmallPackCountMin = 3,
    };

    [Fact]
    public async Task Whatever_mixes_every_point_that_was_not_pruned_restores()
    {
        CollectSituation situation = await CollectSituation.MakeAsync();
        int fencedCount = 0;
        int madeCount = 0;
        for (int seed = 0; seed < ScheduleCount; seed++)
        {
            try
            {
                (int made, int fenced) = await RunAsync(situation.Copy(), seed);
                (madeCount, fencedCount) = (madeCount + made, fencedCount + fenced);
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"The schedule of seed {seed} failed: {failure.Message}", failure);
            }
        }

        output.WriteLine($"{ScheduleCount} schedules, {madeCount} points made, {fencedCount} sessions fenced");
        Assert.True(madeCount > ScheduleCount);
        Assert.True(fencedCount > ScheduleCount / 20);
    }

    private static async Task<(int Made, int Fenced)> RunAsync(CollectSituation situation, int seed)
    {
        Random random = new(seed);
        SampleRepository sample = situation.Sample;
        HashSet<int> dead = [];
        int leftUntilDeath = random.Next(2) == 0 ? int.MaxValue : random.Next(1, 600);
        int preferred = random.Next(4);
        Turns turns = new(waiting =>
        {
            if (leftUntilDeath-- == 0)
            {
                dead.Add(random.Next(2));
            }

            int[] alive = [.. waiting.Where(actor => !dead.Contains(actor))];
            return alive.Length == 0 ? null
                : alive.Contains(preferred) && random.Next(3) > 0 ? preferred
                : alive[random.Next(alive.Length)];
        });
        List<(RestorePoint Point, int[] Disk)> made = [];
        int fenced = 0;
        await turns.RunAsync(
            actor => BackUpTwiceAsync(sample, turns, actor, random.Next(), made, () => fenced++),
            actor => CollectSample.CollectAsync(new TurnStore(sample.Store, turns, actor), eager),
            actor => PruneAsync(situation, new TurnStore(sample.Store, turns, actor), random.Next()),
            actor => CollectSample.CollectAsync(new TurnStore(sample.Store, turns, actor), eager),
            actor => BackUpTwiceAsync(sample, turns, actor, random.Next(), made, () => fenced++));
        foreach ((RestorePoint point, int[] disk) in made)
        {
            sample.Disks[point.Id] = disk;
        }

        await sample.RequireNothingLostAsync([.. situation.Pruned]);
        RepositoryEnvironment later =
            CollectSample.NewEnvironment() with { ProcessId = 9, IsProcessAlive = _ => false };
        await CollectSample.CollectAsync(sample.Store, eager, later);
        await situation.RequireGoodAsync();
        return (made.Count, fenced);
    }

    /// <summary>Two backups one after the other; the second takes the first for its parent where it can. Chunks are
    /// often those of points that go.</summary>
    private static async Task BackUpTwiceAsync(
        SampleRepository sample, Turns turns, int actor, int seed, List<(RestorePoint, int[])> made, Action fenced)
    {
        Random random = new(seed);
        TurnStore store = new(sample.Store, turns, actor);
        BackupRepository repository =
            await BackupRepository.OpenAsync(store, CollectSample.NewEnvironment(), default);
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
                lock (made)
                {
                    made.Add((point, disk));
                }
            }
            catch (Exception failure) when (failure is SessionFencedException or StoreException)
            {
                fenced(); // what it was writing may have been cleaned up by then
            }
        }
    }

    private static async Task PruneAsync(CollectSituation situation, IBlobStore store, int seed)
    {
        Random random = new(seed);
        BackupRepository repository =
            await BackupRepository.OpenAsync(store, CollectSample.NewEnvironment(), default);
        foreach (RestorePoint point in await repository.ListPointsAsync(default))
        {
            if (random.Next(3) == 0)
            {
                situation.Pruned.Add(point);
                await CollectSample.MarkAsync(store, repository.Id, point.Id);
            }
        }
    }
}
