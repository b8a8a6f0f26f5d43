using System.Diagnostics;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Simulation;

/// <summary>Random histories against plain byte arrays; a seed gives the same history always.</summary>
public sealed class HistoryTests(ITestOutputHelper output)
{
    private const int HistoryCount = 300;

    [Fact]
    public async Task Whatever_happens_every_point_restores_to_its_bytes()
    {
        long pointCount = 0;
        long started = Stopwatch.GetTimestamp();
        ParallelOptions parallel = new() { MaxDegreeOfParallelism = Environment.ProcessorCount };
        await Parallel.ForAsync(1, HistoryCount + 1, parallel, async (seed, _) =>
        {
            try
            {
                Interlocked.Add(ref pointCount, await RunAsync(seed));
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"The history of seed {seed} failed: {failure.Message}", failure);
            }
        });
        output.WriteLine(
            $"{HistoryCount} histories, {pointCount} points, {Stopwatch.GetElapsedTime(started).TotalSeconds:F1} s");
        Assert.True(pointCount > HistoryCount);
    }

    /// <summary>To look at one history by itself.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(1001)]
    public async Task A_history_by_its_seed(int seed) => Assert.True(await RunAsync(seed) > 0);

    private static async Task<int> RunAsync(int seed)
    {
        History history = new(new MemoryStore(), seed);
        await history.RunAsync(stepCount: 12);
        return await history.CheckAsync();
    }
}
