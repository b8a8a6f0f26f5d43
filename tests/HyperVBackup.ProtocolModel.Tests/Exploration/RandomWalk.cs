using System.Diagnostics;
using HyperVBackup.ProtocolModel.Tests.Model;
using HyperVBackup.ProtocolModel.Tests.Processes;

namespace HyperVBackup.ProtocolModel.Tests.Exploration;

/// <summary>Walks at random through states too many to visit all. Some processes are fast and some sleep, and that
/// changes now and then; a seed gives the same walks always.</summary>
internal sealed class RandomWalk
{
    private const int PaceChangeOneIn = 16;
    private const int PaceBitsMax = 8;

    private readonly World world;
    private readonly Random random;
    private readonly SoloCollector solo;
    private readonly int[] pace;
    private readonly Successors next = new();
    private readonly List<State> path = [];
    private int paceSum;
    private long stepCount;
    private long soloCount;

    private RandomWalk(World world, int seed)
    {
        this.world = world;
        random = new Random(seed);
        solo = new SoloCollector(world);
        pace = new int[world.ProcessCount + 1];
    }

    /// <param name="scenario">Through what to walk.</param>
    /// <param name="seed">Of the randomness.</param>
    /// <param name="stepCountMax">Steps of all walks together.</param>
    /// <param name="isLive">Whether a fresh collector is left alone at the end of each walk.</param>
    internal static Findings Run(Scenario scenario, int seed, long stepCountMax, bool isLive = false)
    {
        RandomWalk walk = new(new World(scenario), seed);
        long started = Stopwatch.GetTimestamp();
        string? broken = null;
        while (broken is null && walk.stepCount < stepCountMax)
        {
            broken = walk.WalkOnce(isLive);
        }

        return new Findings
        {
            Name = FormattableString.Invariant($"{scenario}, walks of seed {seed}"),
            Broken = broken,
            Trace = broken is null ? [] : walk.Told(),
            StateCount = walk.stepCount,
            TransitionCount = walk.stepCount,
            SoloCount = walk.soloCount,
            Elapsed = Stopwatch.GetElapsedTime(started),
        };
    }

    private string? WalkOnce(bool isLive)
    {
        State state = world.Initial;
        path.Clear();
        path.Add(state);
        string? broken = null;
        int lengthMax = isLive ? random.Next(1, 200) : int.MaxValue;
        ChangePace();
        while (broken is null && path.Count < lengthMax && TryStep(ref state))
        {
            path.Add(state);
            stepCount++;
            broken = Properties.Broken(world, state);
        }

        if (isLive && broken is null)
        {
            soloCount++;
            broken = solo.Run(state);
        }

        return broken;
    }

    private bool TryStep(ref State state)
    {
        if (random.Next(PaceChangeOneIn) == 0)
        {
            ChangePace();
        }

        // Most of the time the process drawn can go on; if not, all are looked at.
        next.Clear();
        world.Steps(state, Draw(), next);
        for (int process = 0; next.Count == 0 && process <= world.ProcessCount; process++)
        {
            world.Steps(state, process, next);
        }

        if (next.Count == 0)
        {
            return false;
        }

        state = next[random.Next(next.Count)];
        return true;
    }

    private int Draw()
    {
        int drawn = random.Next(paceSum);
        int process = 0;
        for (; drawn >= pace[process]; process++)
        {
            drawn -= pace[process];
        }

        return process;
    }

    private void ChangePace()
    {
        for (int process = 0; process < pace.Length; process++)
        {
            pace[process] = 1 << random.Next(PaceBitsMax);
        }

        paceSum = pace.Sum();
    }

    private IReadOnlyList<string> Told()
    {
        List<State> forms = [];
        foreach (State state in path)
        {
            State copy = state;
            Canonical.Form(world, ref copy);
            forms.Add(copy);
        }

        return Trace.Of(world, forms);
    }
}
