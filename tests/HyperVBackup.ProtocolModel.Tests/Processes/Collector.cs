using System.Runtime.InteropServices;
using HyperVBackup.ProtocolModel.Tests.Exploration;
using HyperVBackup.ProtocolModel.Tests.Model;

namespace HyperVBackup.ProtocolModel.Tests.Processes;

/// <summary>A collector, C1 to C9. It owns nothing: what it remembers is what it read and what it will do.</summary>
internal static class Collector
{
    /// <summary>What a collector does next.</summary>
    internal enum Step : byte
    {
        End,
        Find,
        ListMarks,
        ListPins,
        ListPacks,
        ListPoints,
        PutCondemned,
        ListLeases,
        Settle,
        ListNeeded,
        Decide,
        PutRetired,
        Delete,

        /// <summary>C8 found a needed chunk without a complete copy, and reported it.</summary>
        Stopped,
    }

    internal static Fields First(World world) =>
        new() { Step = Step.Find, ScansLeft = (byte)(world.Scenario.ScanCount - 1) };

    internal static void Steps(World world, in State state, int process, Successors next)
    {
        Fields fields = state.Read<Fields>(process);
        switch (fields.Step)
        {
            case Step.Find:
                Find(world, state, process, fields, next);
                break;
            case Step.ListMarks or Step.ListPins or Step.ListPacks or Step.ListPoints or Step.PutCondemned:
                Proposing.Steps(world, state, process, fields, next);
                break;
            case Step.ListLeases or Step.Settle:
                Waiting.Steps(world, state, process, fields, next);
                break;
            case Step.ListNeeded or Step.Decide or Step.PutRetired or Step.Delete:
                Retiring.Steps(world, state, process, fields, next);
                break;
            default:
                break;
        }
    }

    /// <summary>Back to C1 without a new scan.</summary>
    internal static Fields FindAgain(Fields fields) => new() { Step = Step.Find, ScansLeft = fields.ScansLeft };

    /// <summary>Whoever published a collection, what is next after C4 or C1.</summary>
    internal static Step AfterCondemned(Change change) => change switch
    {
        Change.WaitSkipped => Step.ListNeeded,
        _ => Step.ListLeases,
    };

    private static void Find(World world, in State state, int process, Fields fields, Successors next)
    {
        int highest = state.Highest;
        bool isOpen = highest != 0 && !state.IsRetired(highest);
        bool isGoing = highest != 0 && !isOpen && !state.IsExecuted(highest)
            && world.Change != Change.NextBeforeExecuted;
        if (isOpen && world.Change == Change.NoTakeover)
        {
            next.Add(state, "C1 leaves the open collection to its owner").Write(process, default(Fields));
        }
        else if (isOpen)
        {
            Step step = world.Change == Change.WaitSkippedOnTakeover
                ? Step.ListNeeded
                : AfterCondemned(world.Change);
            next.Add(state, "C1 takes over the open collection").Write(
                process, fields with { Step = step, Number = (byte)highest });
        }
        else if (isGoing)
        {
            next.Add(state, "C1 takes over the deleting").Write(
                process, fields with { Step = Step.Delete, Number = (byte)highest });
        }
        else
        {
            next.Add(state, "C1 begins a collection").Write(
                process, fields with { Step = Step.ListMarks, Number = (byte)(highest + 1) });
        }
    }

    /// <summary>What a collector remembers.</summary>
    [StructLayout(LayoutKind.Sequential, Size = sizeof(ulong))]
    internal struct Fields
    {
        internal Step Step;

        /// <summary>The collection it works on.</summary>
        internal byte Number;

        /// <summary>How often it may begin again.</summary>
        internal byte ScansLeft;

        /// <summary>The marks it read, then the points it proposes.</summary>
        internal byte Points;

        /// <summary>The packs it listed, then those it proposes, then those it decided to delete.</summary>
        internal byte Packs;

        /// <summary>The sessions it waits for.</summary>
        internal byte Wait;

        /// <summary>The chunks it found to be needed.</summary>
        internal byte Needed;

        /// <summary>While it lists name by name: the sessions it has still to look at.</summary>
        internal byte Unlisted;
    }
}
