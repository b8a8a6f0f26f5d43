using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;

namespace HyperVBackup.Simulation.Crashes;

/// <summary>Breaks a verb off at each of its operations, in every way.</summary>
internal sealed class CrashRun(CrashVerb verb, CrashBounds bounds, int seed)
{
    /// <summary>What was recorded.</summary>
    public int OperationCount { get; private set; }

    /// <summary>Crashes that are told apart by when they come and what they leave unwritten.</summary>
    public int CrashCount { get; private set; }

    /// <summary>States that they leave, none counted twice: each is looked at.</summary>
    public int StateCount { get; private set; }

    /// <exception cref="InvalidOperationException">Something does not hold; says where, and how to run it again.
    /// </exception>
    public async Task RunAsync()
    {
        using CrashWorld world = await RecordAsync();
        List<CrashState> states = Distinct(world);
        await CheckAllAsync(world, states);
    }

    /// <summary>Counts only.</summary>
    public async Task CountAsync()
    {
        using CrashWorld world = await RecordAsync();
        Distinct(world);
    }

    /// <summary>Looks at so many states, chosen at random by the seed.</summary>
    public async Task RunSomeAsync(int stateCount)
    {
        using CrashWorld world = await RecordAsync();
        CrashStates all = new(world.Files, bounds, seed);
        Random random = new(seed);
        List<CrashState> states = [];
        while (states.Count < stateCount)
        {
            CrashState[] here = [.. all.After(random.Next(OperationCount + 1))];
            states.Add(here[random.Next(here.Length)]);
        }

        (CrashCount, StateCount) = (states.Count, states.DistinctBy(state => state.Key).Count());
        await CheckAllAsync(world, states);
    }

    /// <summary>Looks at one state alone.</summary>
    public async Task RunOneAsync(int operationCount, int number)
    {
        using CrashWorld world = await RecordAsync();
        CrashStates all = new(world.Files, bounds, seed);
        await CheckAsync(world, all.After(operationCount).Single(state => state.Number == number));
    }

    private async Task<CrashWorld> RecordAsync()
    {
        CrashWorld world = await verb.RecordAsync();
        OperationCount = world.Files.OperationCount;
        return world;
    }

    /// <summary>Of equal states the last: the later it comes, the more must hold.</summary>
    private List<CrashState> Distinct(CrashWorld world)
    {
        CrashStates all = new(world.Files, bounds, seed);
        Dictionary<string, CrashState> states = [];
        for (int count = 0; count <= OperationCount; count++)
        {
            foreach (CrashState state in all.After(count))
            {
                states[state.Key] = state;
                CrashCount++;
            }
        }

        StateCount = states.Count;
        return [.. states.Values];
    }

    private Task CheckAllAsync(CrashWorld world, List<CrashState> states)
    {
        ParallelOptions parallel = new() { MaxDegreeOfParallelism = Environment.ProcessorCount };
        return Parallel.ForEachAsync(states, parallel, async (state, _) => await CheckAsync(world, state));
    }

    private async Task CheckAsync(CrashWorld world, CrashState state)
    {
        try
        {
            await new CrashCheck(world, state).RunAsync();
            bool isReturned = state.OperationCount == OperationCount;
            if (isReturned && !await verb.Kept(world, await CrashWorld.ReopenAsync(
                new FolderStore(CrashWorld.Root, state.Open()), CrashCheck.ProcessSeed)))
            {
                throw new InvalidOperationException("what the verb reported is not so");
            }
        }
        catch (Exception failure)
        {
            string operation = state.OperationCount == 0
                ? "nothing"
                : $"{world.Files.Operations[state.OperationCount - 1]}";
            throw new InvalidOperationException(
                $"{verb.Name}: {failure.Message}, after {state.What} behind operation {state.OperationCount} of "
                + $"{world.Files.OperationCount}, {operation}. HVBACKUP_CRASH='{verb.Name}/{state.OperationCount}/"
                + $"{state.Number}' and the test A_crash_by_its_name repeat it.",
                failure);
        }
    }
}
