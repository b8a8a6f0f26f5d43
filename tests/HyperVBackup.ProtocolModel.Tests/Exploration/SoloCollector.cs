using HyperVBackup.ProtocolModel.Tests.Model;
using HyperVBackup.ProtocolModel.Tests.Processes;

namespace HyperVBackup.ProtocolModel.Tests.Exploration;

/// <summary>Liveness: from a state on, all processes are dead but a fresh collector. It must come to an end, and what
/// was marked, garbage or redundant must be gone then.</summary>
internal sealed class SoloCollector
{
    /// <summary>What every finding of this class begins with.</summary>
    internal const string Prefix = "left alone, a collector ";

    private const int StepCountMax = 400;
    private const int Process = 0;
    private readonly World world;
    private readonly Successors next = new();

    internal SoloCollector(World world)
    {
        this.world = new World(world.Scenario with
        {
            Proposal = world.Scenario.Proposal == Proposal.Anything ? Proposal.Needless : world.Scenario.Proposal,
            AnyDeleteSet = false,
            NothingAtOnce = false,
        });
    }

    /// <param name="state">Where all others died.</param>
    /// <param name="told">Takes a line a step, if given.</param>
    /// <returns>What went wrong, or null.</returns>
    internal string? Run(State state, List<string>? told = null)
    {
        state.Write(Process, Fresh());
        for (int step = 0; step < StepCountMax; step++)
        {
            Collector.Fields fields = state.Read<Collector.Fields>(Process);
            if (fields.Step == Collector.Step.End)
            {
                return Properties.LeftBehind(world, state) is string left ? $"{Prefix}ended, but {left}" : null;
            }

            if (fields.Step == Collector.Step.Stopped)
            {
                return Prefix + "stopped and reported damage";
            }

            // Numbers have no end in the store, but one here: what is over is forgotten.
            if (fields.Step == Collector.Step.Find && state.Highest != 0 && state.IsExecuted(state.Highest))
            {
                state.ForgetCollections();
            }

            next.Clear();
            Collector.Steps(world, state, Process, next);
            told?.Add(next.Describe(world, 0));
            state = next[0];
        }

        return Prefix + "did not come to an end";
    }

    private static Collector.Fields Fresh() => new() { Step = Collector.Step.Find, ScansLeft = byte.MaxValue };
}
