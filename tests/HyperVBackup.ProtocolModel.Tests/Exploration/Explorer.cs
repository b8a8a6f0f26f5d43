using System.Diagnostics;
using HyperVBackup.ProtocolModel.Tests.Model;
using HyperVBackup.ProtocolModel.Tests.Processes;

namespace HyperVBackup.ProtocolModel.Tests.Exploration;

/// <summary>Visits every state that can be reached, breadth first, so that what it finds broken it finds by a
/// shortest trace.</summary>
internal sealed class Explorer
{
    private readonly World world;
    private readonly int stateCountMax;
    private readonly int soloEvery;
    private readonly StateTable table;
    private readonly Successors next = new();
    private readonly SoloCollector solo;
    private uint[] hashes = new uint[64];
    private long transitionCount;
    private long soloCount;

    private Explorer(World world, int stateCountMax, int soloEvery)
    {
        (this.world, this.stateCountMax, this.soloEvery) = (world, stateCountMax, soloEvery);
        table = new StateTable(world.ProcessCount, world.CollectionCountMax);
        solo = new SoloCollector(world);
    }

    /// <param name="scenario">What is explored.</param>
    /// <param name="stateCountMax">Where to stop, complete or not.</param>
    /// <param name="soloEvery">From each how-manieth state a fresh collector runs alone; 0 for none.</param>
    internal static Findings Explore(Scenario scenario, int stateCountMax = int.MaxValue, int soloEvery = 0)
    {
        // What the exploration before this one held is given back first: it is up to gigabytes.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        return new Explorer(new World(scenario), stateCountMax, soloEvery).Run();
    }

    private Findings Run()
    {
        long started = Stopwatch.GetTimestamp();
        State first = world.Initial;
        Canonical.Form(world, ref first);
        table.TryAdd(first, table.Hash(first), -1);
        string? broken = null;
        int done = 0;
        int depth = 0;
        int levelEnd = 1;
        State state = default;
        for (; done < table.Count && broken is null && table.Count < stateCountMax; done++)
        {
            if (done == levelEnd)
            {
                depth++;
                levelEnd = table.Count;
            }

            table.Load(done, ref state);
            broken = LeftAlone(state, done) ?? Expand(state, done);
        }

        return new Findings
        {
            Name = world.Scenario.ToString(),
            Broken = broken,
            Trace = broken is null ? [] : TraceTo(broken, done - 1),
            Aftermath = broken is null ? [] : Aftermath(broken, done - 1),
            IsComplete = broken is null && done == table.Count,
            StateCount = table.Count,
            TransitionCount = transitionCount,
            Depth = depth,
            SoloCount = soloCount,
            Elapsed = Stopwatch.GetElapsedTime(started),
        };
    }

    private string? LeftAlone(in State state, int index)
    {
        if (soloEvery == 0 || index % soloEvery != 0)
        {
            return null;
        }

        soloCount++;
        return solo.Run(state);
    }

    private string? Expand(in State state, int index)
    {
        next.Clear();
        for (int process = 0; process <= world.ProcessCount; process++)
        {
            world.Steps(state, process, next);
        }

        if (next.Count > hashes.Length)
        {
            hashes = new uint[next.Count * 2];
        }

        for (int successor = 0; successor < next.Count; successor++)
        {
            Canonical.Form(world, ref next[successor]);
            hashes[successor] = table.Hash(next[successor]);
            table.Prefetch(hashes[successor]);
        }

        transitionCount += next.Count;
        for (int successor = 0; successor < next.Count; successor++)
        {
            if (table.TryAdd(next[successor], hashes[successor], index)
                && Properties.Broken(world, next[successor]) is string broken)
            {
                return broken;
            }
        }

        return null;
    }

    /// <summary>A solo run broke from the state at <paramref name="done"/>; anything else broke in the newest state.
    /// </summary>
    private IReadOnlyList<string> TraceTo(string broken, int done)
    {
        List<State> path = [];
        for (int index = IsSolo(broken) ? done : table.Count - 1; index >= 0; index = table.ParentOf(index))
        {
            State state = default;
            table.Load(index, ref state);
            path.Add(state);
        }

        path.Reverse();
        return Trace.Of(world, path);
    }

    private List<string> Aftermath(string broken, int done)
    {
        List<string> told = [];
        if (IsSolo(broken))
        {
            State state = default;
            table.Load(done, ref state);
            solo.Run(state, told);
        }

        return told;
    }

    private static bool IsSolo(string broken) => broken.StartsWith(SoloCollector.Prefix, StringComparison.Ordinal);
}
