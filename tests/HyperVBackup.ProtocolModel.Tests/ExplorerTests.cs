using System.Runtime.InteropServices;
using HyperVBackup.ProtocolModel.Tests.Exploration;
using HyperVBackup.ProtocolModel.Tests.Model;
using Xunit;

namespace HyperVBackup.ProtocolModel.Tests;

/// <summary>The explorer against the plainest one there is.</summary>
public sealed class ExplorerTests
{
    private static readonly Scenario Small = new()
    {
        Name = "one writer, two collectors, two prunes",
        CollectorCount = 2,
        PruneCount = 2,
    };

    [Fact]
    public void It_visits_what_a_plain_set_of_states_visits_up_to_the_order_of_collectors_and_prunes()
    {
        World world = new(Small);
        HashSet<string> seen = [Key(world.Initial)];
        HashSet<string> sorted = [];
        Queue<State> open = new([world.Initial]);
        Successors next = new();
        while (open.TryDequeue(out State state))
        {
            next.Clear();
            for (int process = 0; process <= world.ProcessCount; process++)
            {
                world.Steps(state, process, next);
            }

            for (int index = 0; index < next.Count; index++)
            {
                if (seen.Add(Key(next[index])))
                {
                    open.Enqueue(next[index]);
                }
            }

            Canonical.Form(world, ref state);
            sorted.Add(Key(state));
        }

        Findings findings = Explorer.Explore(Small);
        Assert.True(findings.IsComplete);
        Assert.Equal(sorted.Count, findings.StateCount);
        Assert.True(seen.Count > 2 * sorted.Count);
    }

    [Fact]
    public void A_trace_leads_step_by_step_to_what_is_broken()
    {
        Findings findings = Explorer.Explore(Negatives.Of(Change.PacksDeletedFirst));
        Assert.Equal(findings.Depth + 1, findings.Trace.Count);
        Assert.Equal("K: C9 deletes p0", findings.Trace[^1]);
        Assert.Contains("prune: P1 marks S0", findings.Trace);
        Assert.StartsWith("I1", findings.Broken, StringComparison.Ordinal);
    }

    [Fact]
    public void It_says_when_it_stopped_before_the_end()
    {
        Findings findings = Explorer.Explore(Small, stateCountMax: 100);
        Assert.False(findings.IsComplete);
        Assert.Null(findings.Broken);
    }

    [Fact]
    public void A_seed_walks_the_same_way_always()
    {
        Scenario scenario = Negatives.Of(Change.WaitSkipped);
        Findings first = RandomWalk.Run(scenario, seed: 7, stepCountMax: 1_000_000);
        Findings second = RandomWalk.Run(scenario, seed: 7, stepCountMax: 1_000_000);
        Assert.NotNull(first.Broken);
        Assert.Equal(first.Trace, second.Trace);
        Assert.NotEqual(first.Trace, RandomWalk.Run(scenario, seed: 8, stepCountMax: 1_000_000).Trace);
    }

    private static string Key(State state) =>
        Convert.ToHexString(MemoryMarshal.AsBytes(new ReadOnlySpan<State>(in state)));
}
