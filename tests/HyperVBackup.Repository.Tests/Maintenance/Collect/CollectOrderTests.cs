using HyperVBackup.Format;
using HyperVBackup.Format.Collections;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Collections;
using HyperVBackup.Repository.Maintenance.Collect;
using HyperVBackup.Repository.Pins;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maintenance.Collect;

/// <summary>In which order a collector deletes, and whose decision it follows (C8, C9).</summary>
public sealed class CollectOrderTests : IAsyncLifetime
{
    private readonly List<string> deleted = [];
    private SampleRepository sample = null!;
    private RestorePoint[] pruned = [];

    public async ValueTask InitializeAsync()
    {
        sample = await SampleRepository.CreateAsync();
        pruned = [await sample.BackUpAsync([1, 2, 3]), await sample.BackUpAsync([5, 6], vm: "second")];
        await sample.BackUpAsync([3, 4], vm: "other");
        foreach (RestorePoint point in pruned)
        {
            await sample.MarkAsync(point);
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task All_points_are_gone_before_the_first_pack_goes()
    {
        sample.Store.Before = Note;
        await sample.CollectAsync(CollectSample.WithoutRepacking);
        int firstPack = deleted.FindIndex(IsPack);
        Assert.True(firstPack > 0, string.Join(", ", deleted));
        Assert.Subset(deleted.Take(firstPack).ToHashSet(), PrunedNames);
        Assert.DoesNotContain(deleted.Skip(firstPack), name => name.Contains("points/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_collector_whose_decision_came_second_follows_the_first_one()
    {
        List<string>? beforeTheNext = null;
        sample.Store.Before = call =>
        {
            Note(call);
            if (call == new StoreCall(StoreCallKind.Put, FileNames.Retired(1)))
            {
                sample.Store.Before = Note;
                CollectionFiles files = new(sample.Store, sample.Repository.Id);
                Assert.True(files.TryPutRetiredAsync(new CollectionSet(1, [], []), default).Result);
                sample.Store.Before = next =>
                {
                    Note(next);
                    if (next == new StoreCall(StoreCallKind.Put, FileNames.Condemned(2)))
                    {
                        beforeTheNext = [.. deleted];
                    }
                };
            }
        };
        await sample.CollectAsync(CollectSample.WithoutRepacking);
        Assert.NotNull(beforeTheNext);
        Assert.DoesNotContain(beforeTheNext, name => IsPack(name) || PrunedNames.Contains(name));
        Assert.Subset(deleted.ToHashSet(), PrunedNames); // by the second collection
        await sample.RequireGoodAsync(pruned);
    }

    /// <summary>A session that slept between the two copies of a map pack may put the second one when the pack has been
    /// collected long since.</summary>
    [Fact]
    public async Task A_second_copy_that_comes_after_its_pack_was_retired_counts_for_nothing()
    {
        PackName[] maps = [.. sample.Packs(PackKind.Maps)];
        Dictionary<PackName, byte[]> copies =
            maps.ToDictionary(pack => pack, pack => sample.Store[new BlobName(pack.MirrorBlobName)]);
        await sample.CollectAsync(CollectSample.WithoutRepacking);
        PackName standing = Assert.Single(sample.Packs(PackKind.Maps));
        foreach (PackName pack in maps.Where(pack => pack != standing))
        {
            sample.Store[new BlobName(pack.MirrorBlobName)] = copies[pack];
        }

        await sample.Store.DeleteAsync(new BlobName(standing.BlobName), TestContext.Current.CancellationToken);
        CollectionStore store = new(
            sample.Store, sample.Repository.Id, sample.Repository.Hasher, CollectSample.NewEnvironment());
        HashSet<PackName> listed = await store.ListPacksAsync(TestContext.Current.CancellationToken);
        Assert.Equal([standing], listed.Where(pack => pack.Kind == PackKind.Maps)); // lost, but never retired
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_became_immutable_since_a_set_was_condemned_keeps_its_very_packs(bool isHeld)
    {
        RestorePoint once = await sample.BackUpAsync([30, 31], vm: "once");
        await sample.BackUpAsync([30, 31, 32], vm: "again", store: CollectSample.StoreAgainAsync);
        PackName pack = sample.Packs(PackKind.Chunks).Single(pack => pack.Session == once.Id);
        sample.Store.Before = call =>
        {
            if (isHeld && call == new StoreCall(StoreCallKind.Put, FileNames.Condemned(1)))
            {
                sample.Store.Before = null;
                new PointPins(sample.Repository).HoldAsync(once.Id, DateTimeOffset.MaxValue, default).Wait();
            }
        };
        await sample.CollectAsync(CollectSample.WithoutRepacking);
        Assert.Equal(isHeld, sample.Packs(PackKind.Chunks).Contains(pack)); // all of it stands elsewhere
        await sample.RequireGoodAsync(pruned);
    }

    private HashSet<string> PrunedNames => [.. pruned.Select(point => FileNames.RestorePoint(point.Id))];

    private static bool IsPack(string name) =>
        name.StartsWith(FileNames.ChunkPackFolder, StringComparison.Ordinal)
        || name.Contains(FileNames.MapPackFolder, StringComparison.Ordinal);

    private void Note(StoreCall call)
    {
        if (call.Kind == StoreCallKind.Delete)
        {
            deleted.Add(call.Name);
        }
    }
}
