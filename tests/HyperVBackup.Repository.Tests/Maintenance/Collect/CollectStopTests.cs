using HyperVBackup.Repository.Maintenance.Collect;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Repository.Tests.Maintenance.Collect;

/// <summary>A collector is stopped before each of its operations on the store, and another finishes; or it sleeps there
/// while another does all, and wakes up.</summary>
public sealed class CollectStopTests(ITestOutputHelper output)
{
    private static readonly CollectOptions repacking = new() { SmallPackCountMin = 3 };

    [Theory]
    [InlineData(false, 0)]
    [InlineData(true, 0)]
    [InlineData(true, 10)]
    public async Task After_a_stop_anywhere_another_collector_finishes_and_nothing_is_lost(
        bool isRepacking, int parityPercent)
    {
        CollectOptions options = isRepacking ? repacking : CollectSample.WithoutRepacking;
        CollectSituation situation = await CollectSituation.MakeAsync(parityPercent: parityPercent);
        int count = await CountOperationsAsync(situation, options);
        HashSet<string>? left = null;
        for (int stopAt = 0; stopAt <= count; stopAt++)
        {
            CollectSituation copy = situation.Copy();
            await StopAsync(copy, options, stopAt);
            await copy.Sample.RequireNothingLostAsync([.. copy.Pruned]);
            await CollectSample.CollectAsync(copy.Sample.Store, options, NextProcess());
            await copy.RequireGoodAsync();
            RequireTidy(copy, ref left, isRepacking);
        }

        output.WriteLine($"{count} operations");
        Assert.True(count > 50);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_collector_that_sleeps_anywhere_while_another_finishes_does_no_harm(bool isRepacking)
    {
        CollectOptions options = isRepacking ? repacking : CollectSample.WithoutRepacking;
        CollectSituation situation = await CollectSituation.MakeAsync();
        int count = await CountOperationsAsync(situation, options);
        for (int sleepAt = 0; sleepAt <= count; sleepAt++)
        {
            CollectSituation copy = situation.Copy();
            int passed = 0;
            int sleep = sleepAt;
            Turns turns = new(waiting => waiting.Contains(0) && passed++ < sleep ? 0 : waiting[^1]);
            await turns.RunAsync(
                actor => CollectSample.CollectAsync(new TurnStore(copy.Sample.Store, turns, actor), options),
                actor => CollectSample.CollectAsync(new TurnStore(copy.Sample.Store, turns, actor), options));
            await copy.RequireGoodAsync();
        }
    }

    [Fact]
    public async Task Two_collectors_whose_operations_mix_in_any_way_lose_nothing()
    {
        CollectSituation situation = await CollectSituation.MakeAsync();
        for (int seed = 0; seed < 60; seed++)
        {
            CollectSituation copy = situation.Copy();
            Random random = new(seed);
            CollectOptions options = seed % 3 == 0 ? repacking : CollectSample.WithoutRepacking;
            Turns turns = new(waiting => waiting[random.Next(waiting.Count)]);
            await turns.RunAsync(
                actor => CollectSample.CollectAsync(new TurnStore(copy.Sample.Store, turns, actor), options),
                actor => CollectSample.CollectAsync(new TurnStore(copy.Sample.Store, turns, actor), options),
                actor => CollectSample.CollectAsync(new TurnStore(copy.Sample.Store, turns, actor), options));
            await copy.RequireGoodAsync();
        }
    }

    [Theory]
    [InlineData(StoreCallKind.Put)]
    [InlineData(StoreCallKind.Delete)]
    [InlineData(StoreCallKind.Publish)]
    public async Task After_any_answer_that_is_lost_another_collector_finishes(StoreCallKind kind)
    {
        CollectSituation situation = await CollectSituation.MakeAsync();
        bool isLost = true;
        for (int loseAt = 0; isLost; loseAt++)
        {
            CollectSituation copy = situation.Copy();
            int passed = 0;
            int lose = loseAt;
            isLost = false;
            copy.Sample.Store.After = call =>
            {
                if (call.Kind == kind && passed++ == lose)
                {
                    isLost = true;
                    throw new StoreException("The answer is lost.");
                }
            };
            await TryCollectAsync(copy, repacking);
            copy.Sample.Store.After = null;
            await CollectSample.CollectAsync(copy.Sample.Store, repacking, NextProcess());
            await copy.RequireGoodAsync();
            Assert.True(loseAt < 100);
        }
    }

    private static async Task<int> CountOperationsAsync(CollectSituation situation, CollectOptions options)
    {
        CollectSituation copy = situation.Copy();
        int count = 0;
        copy.Sample.Store.Before = _ => count++;
        await copy.Sample.CollectAsync(options);
        copy.Sample.Store.Before = null;
        await copy.RequireGoodAsync();
        return count;
    }

    private static async Task StopAsync(CollectSituation copy, CollectOptions options, int stopAt)
    {
        int passed = 0;
        copy.Sample.Store.Before = _ =>
        {
            if (passed++ >= stopAt)
            {
                throw new StoreException("The process is gone.");
            }
        };
        await TryCollectAsync(copy, options);
        copy.Sample.Store.Before = null;
    }

    private static async Task TryCollectAsync(CollectSituation copy, CollectOptions options)
    {
        try
        {
            await copy.Sample.CollectAsync(options);
        }
        catch (StoreException)
        {
            return; // stopped
        }
    }

    /// <summary>A later process of the same host, to which the stopped one is dead.</summary>
    private static RepositoryEnvironment NextProcess() =>
        CollectSample.NewEnvironment() with { ProcessId = 8, IsProcessAlive = _ => false };

    /// <summary>Whatever a stop left, in the end the same is there.</summary>
    private static void RequireTidy(CollectSituation copy, ref HashSet<string>? left, bool isRepacking)
    {
        IEnumerable<string> names = copy.Sample.Store.Names.Select(name => name.Path);
        Assert.DoesNotContain(names, name => name.StartsWith("pruned/", StringComparison.Ordinal));
        Assert.DoesNotContain(names, name => name.StartsWith("leases/", StringComparison.Ordinal));
        HashSet<string> packs = [.. names.Where(name =>
            name.StartsWith("packs/", StringComparison.Ordinal) || name.StartsWith("maps/", StringComparison.Ordinal))];
        left ??= packs;
        Assert.True(isRepacking ? packs.Count == left.Count : packs.SetEquals(left), string.Join(", ", packs));
    }
}
