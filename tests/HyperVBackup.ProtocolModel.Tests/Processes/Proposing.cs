using HyperVBackup.ProtocolModel.Tests.Exploration;
using HyperVBackup.ProtocolModel.Tests.Model;

namespace HyperVBackup.ProtocolModel.Tests.Processes;

/// <summary>C2 to C4: what a collector proposes to delete, and its publishing.</summary>
internal static class Proposing
{
    internal static void Steps(
        World world, in State state, int process, Collector.Fields fields, Successors next)
    {
        switch (fields.Step)
        {
            case Collector.Step.ListMarks or Collector.Step.ListPins:
                ListMarksAndPins(world, state, process, fields, next);
                break;
            case Collector.Step.ListPacks:
                next.Add(state, "C2 lists packs: {packs}", state.Packs).Write(
                    process, fields with { Step = Collector.Step.ListPoints, Packs = state.Packs });
                break;
            case Collector.Step.ListPoints:
                Propose(world, state, process, fields, next);
                break;
            default:
                PutCondemned(world, state, process, fields, next);
                break;
        }
    }

    /// <summary>Marked points that are not pinned: marks first, so that a pin put before its mark is seen.</summary>
    private static void ListMarksAndPins(
        World world, in State state, int process, Collector.Fields fields, Successors next)
    {
        bool hasPins = world.Scenario.PinCount != 0;
        bool isReversed = world.Scenario.PinsListedFirst;
        if (fields.Step == Collector.Step.ListMarks && isReversed)
        {
            next.Add(state, "C2 lists pins: {points}", state.Pins).Write(
                process, fields with { Step = Collector.Step.ListPins, Points = state.Pins });
        }
        else if (fields.Step == Collector.Step.ListMarks)
        {
            next.Add(state, "C2 lists marks: {points}", state.Marks).Write(process, fields with
            {
                Step = hasPins ? Collector.Step.ListPins : Collector.Step.ListPacks,
                Points = state.Marks,
            });
        }
        else if (world.Scenario.NothingAtOnce)
        {
            ListPinsOneByOne(world, state, process, fields, next);
        }
        else
        {
            int unpinned = isReversed ? state.Marks & ~fields.Points : fields.Points & ~state.Pins;
            next.Add(state, isReversed ? "C2 lists marks" : "C2 lists pins: {points}", state.Pins).Write(
                process, fields with { Step = Collector.Step.ListPacks, Points = (byte)unpinned });
        }
    }

    private static void ListPinsOneByOne(
        World world, in State state, int process, Collector.Fields fields, Successors next)
    {
        int unlisted = fields.Unlisted == 0 ? Bits.Of(world.Scenario.PinCount) - 1 : fields.Unlisted;
        for (int left = unlisted; left != 0; left &= left - 1)
        {
            int pin = Bits.Lowest(left);
            byte rest = Bits.Without(unlisted, pin);
            int pinned = Pin.PointsPinnedBy(world, state, Bits.Of(pin));
            next.Add(state, "C2 looks for a pin, finds that of {points}", pinned).Write(process, fields with
            {
                Step = rest == 0 ? Collector.Step.ListPacks : Collector.Step.ListPins,
                Points = (byte)(fields.Points & ~pinned),
                Unlisted = rest,
            });
        }
    }

    private static void Propose(
        World world, in State state, int process, Collector.Fields fields, Successors next)
    {
        int needed = state.ChunksOfPoints(state.Points & ~fields.Points);
        if (world.Change == Change.LeasesListedBeforeCondemning)
        {
            fields.Wait = (byte)Waiting.WaitSet(world, state, fields.Number, state.Leases);
        }

        fields.Needed = world.Change == Change.NeededNotListedAgain ? (byte)needed : (byte)0;
        fields.Points &= state.Points;
        if (world.Scenario.Proposal == Proposal.Anything)
        {
            Anything(state, process, fields, next);
            return;
        }

        int candidates = Candidates(world, state, fields, needed);
        int newKept = Choices.Needless(world, state, fields.Packs, candidates, needed);
        int oldKept = Choices.NeedlessKeepingOld(world, state, fields.Packs, candidates, needed);
        AddProposal(state, process, fields with { Packs = (byte)newKept }, next);
        if (oldKept != newKept)
        {
            AddProposal(state, process, fields with { Packs = (byte)oldKept }, next);
        }
    }

    private static int Candidates(World world, in State state, Collector.Fields fields, int needed)
    {
        Proposal rule = world.Scenario.Proposal;
        int decided = fields.Packs & ~UndecidedPacks(world, state);
        bool sparesUndecided = rule == Proposal.NeedlessAndDecided
            || (rule == Proposal.DecidedFirst
                && (fields.Points != 0 || Choices.Needless(world, state, fields.Packs, decided, needed) != 0));
        return sparesUndecided ? decided : fields.Packs;
    }

    /// <summary>Every subset of the packs, with every subset of the marked points.</summary>
    private static void Anything(in State state, int process, Collector.Fields fields, Successors next)
    {
        int packs = fields.Packs;
        do
        {
            int points = fields.Points;
            do
            {
                AddProposal(state, process, fields with { Packs = (byte)packs, Points = (byte)points }, next);
                points = points == 0 ? -1 : (points - 1) & fields.Points;
            }
            while (points >= 0);
            packs = packs == 0 ? -1 : (packs - 1) & fields.Packs;
        }
        while (packs >= 0);
    }

    private static void AddProposal(in State state, int process, Collector.Fields fields, Successors next)
    {
        bool isNothing = fields is { Packs: 0, Points: 0 };
        ref State after = ref next.Add(
            state, isNothing ? "C3 proposes nothing and ends" : "C3 lists points, proposes {packs}", fields.Packs);
        after.Write(process, isNothing ? default : fields with { Step = Collector.Step.PutCondemned });
    }

    private static int UndecidedPacks(World world, in State state)
    {
        int packs = 0;
        for (int left = state.Leases; left != 0; left &= left - 1)
        {
            int session = Bits.Lowest(left);
            int pack = world.PackOfSession(session);
            packs |= state.IsDecided(session) || pack < 0 ? 0 : Bits.Of(pack);
        }

        return packs;
    }

    private static void PutCondemned(
        World world, in State state, int process, Collector.Fields fields, Successors next)
    {
        if (state.Highest >= fields.Number)
        {
            next.Add(state, "C4 loses the race for the condemned list").Write(process, Collector.FindAgain(fields));
            return;
        }

        ref State after = ref next.Add(state, "C4 puts the condemned list: {packs}", fields.Packs);
        after.Highest = fields.Number;
        after.SetCollection(
            fields.Number, new Collection { CondemnedPacks = fields.Packs, CondemnedPoints = fields.Points });
        Collector.Step step = world.Change == Change.LeasesListedBeforeCondemning
            ? Waiting.AfterWait(world, fields.Wait, Collector.Step.Settle)
            : Collector.AfterCondemned(world.Change);
        after.Write(process, fields with { Step = step, Packs = 0, Points = 0 });
    }
}
