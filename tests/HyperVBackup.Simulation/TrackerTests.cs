using System.Diagnostics;
using HyperVBackup.Simulation.Trackers;
using Xunit;

namespace HyperVBackup.Simulation;

/// <summary>Change trackers that misbehave in every way that is known, against plain byte arrays; a seed gives the same
/// history always.</summary>
public sealed class TrackerTests(ITestOutputHelper output)
{
    private const int HistoryCount = 100;

    [Fact]
    public async Task Whatever_a_tracker_does_a_point_is_right_or_wrong_where_it_left_out_a_chunk_that_nobody_read()
    {
        TrackerFigures figures = new();
        long started = Stopwatch.GetTimestamp();
        ParallelOptions parallel = new() { MaxDegreeOfParallelism = Environment.ProcessorCount };
        await Parallel.ForAsync(1, HistoryCount + 1, parallel, async (seed, _) =>
        {
            try
            {
                await new TrackerHistory(seed, figures).RunAsync(stepCount: 16);
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"The history of seed {seed} failed: {failure.Message}", failure);
            }
        });
        output.WriteLine(
            $"{HistoryCount} histories, {Stopwatch.GetElapsedTime(started).TotalSeconds:F1} s; {figures.OmittedCount} "
            + $"chunks left out, {figures.FoundCount} times found by an audit\n{figures}");
        RequireAllSeen(figures);
    }

    /// <summary>To look at one history by itself.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(1001)]
    public async Task A_history_by_its_seed(int seed)
    {
        TrackerFigures figures = new();
        await new TrackerHistory(seed, figures).RunAsync(stepCount: 16);
        Assert.NotEmpty(figures.ToString());
    }

    /// <summary>What contradicts itself is never believed; what is only clumsy is.</summary>
    private static void RequireAllSeen(TrackerFigures figures)
    {
        Misbehaviour[] clumsy =
        [
            Misbehaviour.None, Misbehaviour.OverReports, Misbehaviour.UnderReportsOneChunk, Misbehaviour.AnswersInParts,
            Misbehaviour.ChangesIdWhileRead, Misbehaviour.RepeatsItsId, Misbehaviour.SwapsIds,
            Misbehaviour.GrowsWhileRead,
        ];
        Assert.All(clumsy, misbehaviour => Assert.True(figures.CountOf(misbehaviour, "Incremental") > 0));
        Assert.All(
            Enum.GetValues<Misbehaviour>().Where(misbehaviour => misbehaviour != Misbehaviour.ViewGrows),
            misbehaviour => Assert.True(figures.CountOf(misbehaviour, "Recovered") > 0));
        Assert.True(figures.CountOf(Misbehaviour.FailsAtACall, "no point") > 0);
        Assert.True(figures.CountOf(Misbehaviour.Resets, "Incremental") == 0);
        Assert.True(figures.OmittedCount > 0 && figures.FoundCount > 0);
    }
}
