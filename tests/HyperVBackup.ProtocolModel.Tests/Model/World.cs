using HyperVBackup.ProtocolModel.Tests.Exploration;
using HyperVBackup.ProtocolModel.Tests.Processes;

namespace HyperVBackup.ProtocolModel.Tests.Model;

/// <summary>A scenario made ready: who has which number, and the first state.</summary>
/// <remarks>Processes are numbered kind by kind, collectors first: they own nothing, so states that differ only in
/// which of them did what are the same. Each try of a writer, each restore and each repack is a session with a name
/// of its own, never used again.</remarks>
internal sealed class World
{
    private readonly List<string> sessionNames = [];
    private readonly List<string> packNames = [];
    private readonly List<int> packOfSession = [];
    private readonly List<string> processNames = [];

    internal World(Scenario scenario)
    {
        Scenario = scenario;
        Copies = new Copies(scenario.Recipes, scenario.Change);
        NameOldOnes();
        WritersAt = NameProcesses("K", scenario.CollectorCount);
        PrunesAt = NameProcesses("W", scenario.Writers.Count);
        RestoresAt = NameProcesses("prune", scenario.PruneCount);
        RepacksAt = NameProcesses("R", scenario.RestoreCount);
        PinsAt = NameProcesses("X", scenario.RepackCount);
        ProcessCount = NameProcesses("pin", scenario.PinCount);
        FirstRestoreSession = sessionNames.Count;
        FirstRepackSession = NameSessions("R", scenario.RestoreCount, hasPack: false);
        NameSessions("X", scenario.RepackCount, hasPack: true);
        Limit(sessionNames.Count, State.SessionCountMax, "sessions");
        Limit(packNames.Count, State.PackCountMax, "packs");
        Limit(ProcessCount, State.ProcessCountMax, "processes");
        Limit(CollectionCountMax, State.CollectionCountMax, "collections");
        WriterSteps = Writer.StepsOf(scenario.Change);
        Initial = MakeInitial();
    }

    internal Scenario Scenario { get; }

    internal Change Change => Scenario.Change;

    internal Copies Copies { get; }

    internal int WritersAt { get; }

    internal int PrunesAt { get; }

    internal int RestoresAt { get; }

    internal int RepacksAt { get; }

    internal int PinsAt { get; }

    internal int ProcessCount { get; }

    internal int CollectionCountMax => Scenario.CollectorCount * Scenario.ScanCount;

    internal int AllSessions => Bits.Of(sessionNames.Count) - 1;

    internal IReadOnlyList<Writer.Step> WriterSteps { get; }

    internal State Initial { get; }

    private int FirstRestoreSession { get; }

    private int FirstRepackSession { get; }

    internal int SessionOf(int writer, int round) =>
        Scenario.OldPoints.Count + (writer * Scenario.TryCount) + round;

    internal int PackOf(int writer, int round) => Scenario.OldPacks.Count + (writer * Scenario.TryCount) + round;

    internal int RestoreSession(int restore) => FirstRestoreSession + restore;

    internal int RepackSession(int repack) => FirstRepackSession + repack;

    internal int RepackPack(int repack) => packOfSession[RepackSession(repack)];

    internal bool IsRestore(int session) => session >= FirstRestoreSession && session < FirstRepackSession;

    /// <summary>The pack that a session writes; -1 for one that writes none.</summary>
    internal int PackOfSession(int session) => packOfSession[session];

    /// <summary>All that one process can do next; the last number is for those who clean up.</summary>
    internal void Steps(in State state, int process, Successors next)
    {
        next.Process = process;
        if (process < WritersAt)
        {
            Collector.Steps(this, state, process, next);
        }
        else if (process < PrunesAt)
        {
            Writer.Steps(this, state, process, next);
        }
        else if (process < RestoresAt)
        {
            Prune.Steps(this, state, process, next);
        }
        else if (process < RepacksAt)
        {
            Restore.Steps(this, state, process, next);
        }
        else if (process < PinsAt)
        {
            Repack.Steps(this, state, process, next);
        }
        else if (process < ProcessCount)
        {
            Pin.Steps(this, state, process, next);
        }
        else
        {
            Cleaning.Steps(this, state, next);
        }
    }

    internal string ProcessName(int process) => process < ProcessCount ? processNames[process] : "anyone";

    internal string SessionNames(int sessions) => Names(sessions, sessionNames);

    internal string PackNames(int packs) => Names(packs, packNames);

    private static string Names(int set, List<string> names) => set == 0
        ? "none"
        : string.Join(',', Enumerable.Range(0, names.Count).Where(index => Bits.Has(set, index))
            .Select(index => names[index]));

    private static void Limit(int count, int countMax, string what)
    {
        if (count > countMax)
        {
            throw new InvalidOperationException($"The scenario has {count} {what}, the state room for {countMax}.");
        }
    }

    private void NameOldOnes()
    {
        packNames.AddRange(Enumerable.Range(0, Scenario.OldPacks.Count).Select(pack => $"p{pack}"));
        sessionNames.AddRange(Enumerable.Range(0, Scenario.OldPoints.Count).Select(point => $"S{point}"));
        packOfSession.AddRange(Enumerable.Repeat(-1, Scenario.OldPoints.Count));
        for (int writer = 0; writer < Scenario.Writers.Count; writer++)
        {
            string name = $"W{writer + 1}";
            for (int round = 0; round < Scenario.TryCount; round++, name += "'")
            {
                NameSession(name, hasPack: true);
            }
        }
    }

    private int NameSessions(string kind, int count, bool hasPack)
    {
        for (int index = 1; index <= count; index++)
        {
            NameSession($"{kind}{index}", hasPack);
        }

        return sessionNames.Count;
    }

    private void NameSession(string name, bool hasPack)
    {
        packOfSession.Add(hasPack ? packNames.Count : -1);
        sessionNames.Add(name);
        if (hasPack)
        {
            packNames.Add("p" + name);
        }
    }

    /// <returns>The number of the next kind's first process.</returns>
    private int NameProcesses(string kind, int count)
    {
        processNames.AddRange(Enumerable.Range(1, count).Select(index => count == 1 ? kind : $"{kind}{index}"));
        return processNames.Count;
    }

    private State MakeInitial()
    {
        State state = default;
        for (int pack = 0; pack < Scenario.OldPacks.Count; pack++)
        {
            state.Add(pack, Scenario.OldPacks[pack]);
            state.Publish(pack);
        }

        for (int point = 0; point < Scenario.OldPoints.Count; point++)
        {
            state.TryPutPoint(point, Scenario.OldPoints[point]);
        }

        state.Marks = (byte)Scenario.OldMarks;
        for (int process = 0; process < ProcessCount; process++)
        {
            state.Write(process, FirstFields(process));
        }

        return state;
    }

    private ulong FirstFields(int process)
    {
        State state = default;
        if (process < WritersAt)
        {
            state.Write(0, Collector.First(this));
        }
        else if (process < PrunesAt)
        {
            state.Write(0, Writer.First(this));
        }
        else if (process < RestoresAt)
        {
            state.Write(0, Prune.First(this));
        }
        else if (process < RepacksAt)
        {
            state.Write(0, Restore.First());
        }
        else if (process < PinsAt)
        {
            state.Write(0, Repack.First());
        }
        else
        {
            state.Write(0, Pin.First());
        }

        return state.Read<ulong>(0);
    }
}
