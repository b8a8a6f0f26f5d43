using System.Runtime.InteropServices;
using HyperVBackup.ProtocolModel.Tests.Exploration;
using HyperVBackup.ProtocolModel.Tests.Model;

namespace HyperVBackup.ProtocolModel.Tests.Processes;

/// <summary>A writing session, W1 to W7; once fenced it begins again as a new session, as often as the scenario lets
/// it.</summary>
internal static class Writer
{
    private const int NoPending = 0;
    private const int NewRecipe = 128;

    /// <summary>What a writer does next.</summary>
    internal enum Step : byte
    {
        End,
        ReadHighest,
        PutLease,
        ReadNumber,
        ReadAbsent,
        ChooseParent,
        ListPacks,
        LookUp,
        Publish,
        Commit,
        CommitAgain,
        AskCommit,
        PutOwnFence,
        DeleteLeaseEarly,
        DeleteLease,
        DeleteLeaseFenced,
        DeleteFence,
    }

    internal static Fields First(World world) => new() { Step = world.WriterSteps[0] };

    /// <summary>The order of steps up to the last that is in any order.</summary>
    internal static IReadOnlyList<Step> StepsOf(Change change) => change switch
    {
        Change.CondemnedReadBeforeLease =>
            [Step.ReadNumber, Step.ReadAbsent, Step.ReadHighest, Step.PutLease, Step.ChooseParent, Step.LookUp],
        Change.ParentReadBeforeLease =>
            [Step.ChooseParent, Step.ReadHighest, Step.PutLease, Step.ReadNumber, Step.ReadAbsent, Step.LookUp],
        _ => [Step.ReadHighest, Step.PutLease, Step.ReadNumber, Step.ReadAbsent, Step.ChooseParent, Step.LookUp],
    };

    internal static void Steps(World world, in State state, int process, Successors next)
    {
        Fields fields = state.Read<Fields>(process);
        int writer = process - world.WritersAt;
        Self self = new(process, world.SessionOf(writer, fields.Round), world.PackOf(writer, fields.Round),
            world.Scenario.Writers[writer]);
        if (fields.InFlight != 0)
        {
            Land(state, self, fields, next);
        }

        if (world.Scenario.WritersGiveUp && fields.Step is > Step.PutLease and <= Step.Commit)
        {
            next.Add(state, "gives up").Write(process, After(world, fields, Step.DeleteLeaseFenced));
        }

        switch (fields.Step)
        {
            case Step.ReadHighest or Step.PutLease or Step.ReadNumber or Step.ReadAbsent:
                Begin(world, state, self, fields, next);
                break;
            case Step.ChooseParent:
                ChooseParent(world, state, self, fields, next);
                break;
            case Step.ListPacks:
                int listed = state.Packs & ~fields.AbsentPacks;
                next.Add(state, "W4 lists packs: {packs}", listed).Write(
                    process, fields with { Step = Step.LookUp, Listed = (byte)listed });
                break;
            case Step.LookUp when fields.Pending == NoPending:
                LookUps.Begin(world, state, self, fields, next);
                break;
            case Step.LookUp:
                LookUps.GoOn(world, state, self, fields, next);
                break;
            case Step.Publish:
                ref State after = ref next.Add(state, "W5 publishes {packs}", Bits.Of(self.Pack));
                after.Publish(self.Pack);
                after.Write(process, fields with { Step = BeforeCommit(world) });
                break;
            case Step.Commit or Step.CommitAgain or Step.AskCommit or Step.PutOwnFence:
                Commit(world, state, self, fields, next);
                break;
            case Step.DeleteLeaseEarly or Step.DeleteLease or Step.DeleteLeaseFenced or Step.DeleteFence:
                Leave(world, state, self, fields, next);
                break;
            default:
                break;
        }
    }

    /// <summary>Goes on after <see cref="Step.LookUp"/> or towards the next chunk, whichever is due.</summary>
    internal static Fields AfterLookUp(World world, in State state, in Self self, Fields fields)
    {
        int content = state.ContentOf(self.Pack);
        bool isCovered = Bits.Covers(fields.Relied | world.Copies.Recorded(content), self.Wanted);
        Step step = !isCovered ? Step.LookUp : content != 0 ? Step.Publish : BeforeCommit(world);
        return step == Step.LookUp
            ? fields with { Step = step }
            : fields with { Step = step, AbsentPacks = 0, Data = 0 };
    }

    private static Step BeforeCommit(World world) =>
        world.Change == Change.LeaseDeletedBeforeCommit ? Step.DeleteLeaseEarly : Step.Commit;

    private static void Begin(World world, in State state, in Self self, Fields fields, Successors next)
    {
        Step step = Following(world, fields.Step);
        if (fields.Step == Step.ReadHighest)
        {
            next.Add(state, "W1 reads the highest collection").Write(
                self.Process, fields with { Step = step, Number = state.Highest });
        }
        else if (fields.Step == Step.PutLease)
        {
            ref State after = ref next.Add(state, "W1 puts the lease of {points}", Bits.Of(self.Session));
            after.PutLease(self.Session, fields.Number);
            after.Write(self.Process, fields with { Step = step, Number = 0 });
        }
        else if (fields.Step == Step.ReadNumber)
        {
            next.Add(state, "W2 finds the highest collection").Write(
                self.Process, fields with { Step = step, Number = state.Highest });
        }
        else
        {
            ReadAbsent(world, state, self, fields with { Step = step, Number = 0 }, fields.Number, next);
        }
    }

    private static void ReadAbsent(
        World world, in State state, in Self self, Fields fields, int number, Successors next)
    {
        (byte packs, byte points) = Absent.Read(world, state, number);
        ref State after = ref next.Add(state, "W2 reads what is absent: {packs}", packs);
        fields.AbsentPacks = packs;
        after.Write(self.Process, fields.Step == Step.LookUp
            ? AfterLookUp(world, state, self, fields)
            : fields with { AbsentPoints = points });
    }

    private static Step Following(World world, Step step)
    {
        int index = 0;
        while (world.WriterSteps[index] != step)
        {
            index++;
        }

        return world.WriterSteps[index + 1];
    }

    private static void ChooseParent(World world, in State state, in Self self, Fields fields, Successors next)
    {
        int candidates = world.Change == Change.AbsentParent ? state.Points : state.Points & ~fields.AbsentPoints;
        for (int left = candidates; left != 0; left &= left - 1)
        {
            int parent = Bits.Lowest(left);
            ref State after = ref next.Add(state, "W3 takes the parent {points}", Bits.Of(parent));
            after.Write(self.Process, Inherit(world, state, self, fields, state.ChunksOf(parent)));
        }

        next.Add(state, "W3 takes no parent").Write(self.Process, Inherit(world, state, self, fields, 0));
    }

    private static Fields Inherit(World world, in State state, in Self self, Fields fields, int chunks)
    {
        fields.Relied |= (byte)(chunks & self.Wanted);
        fields.AbsentPoints = 0;
        Step step = Following(world, Step.ChooseParent);
        Fields after = step == Step.LookUp ? AfterLookUp(world, state, self, fields) : fields with { Step = step };
        bool isListing = world.Scenario.PacksListedOnce && after.Step == Step.LookUp;
        return isListing ? after with { Step = Step.ListPacks } : after;
    }

    private static void Commit(World world, in State state, in Self self, Fields fields, Successors next)
    {
        if (fields.Step == Step.AskCommit)
        {
            Step found = Bits.Has(state.Points, self.Session) ? Step.DeleteLease
                : Bits.Has(state.Fences, self.Session) ? Step.DeleteLeaseFenced : Step.PutOwnFence;
            next.Add(state, "W6 asks whether the commit is there").Write(
                self.Process, found == Step.PutOwnFence ? fields with { Step = found } : After(world, fields, found));
            return;
        }

        if (fields.Step == Step.PutOwnFence)
        {
            ref State fenced = ref next.Add(state, "W6 puts a fence itself");
            fenced.TryPutFence(self.Session);
            fenced.Write(self.Process, fields with { Step = Step.AskCommit });
            return;
        }

        if (world.Scenario.AnswersLost)
        {
            next.Add(state, "W6 sends the commit and hears nothing").Write(
                self.Process, fields with { Step = Step.AskCommit, AnswerLost = true, InFlight = self.Session + 1 });
        }

        ref State after = ref next.Add(state, "W6 puts the point {points}", Bits.Of(self.Session));
        bool isFirst = after.TryPutPoint(self.Session, self.Wanted);
        bool isAgain = isFirst && world.Change == Change.CommitRepeated && fields.Step == Step.Commit;
        Step step = isAgain ? Step.CommitAgain
            : isFirst || fields.Step == Step.CommitAgain ? Step.DeleteLease : Step.DeleteLeaseFenced;
        after.Write(self.Process, After(world, fields, step));
    }

    /// <summary>What was relied on matters no more once the session is decided.</summary>
    private static Fields After(World world, Fields fields, Step step) =>
        world.Change == Change.LookUpsKeptOnRetry && step == Step.DeleteLeaseFenced
            ? fields with { Step = step }
            : new Fields { Step = step, Session = fields.Session };

    /// <summary>A commit sent long ago arrives, whatever its session does by now.</summary>
    private static void Land(in State state, in Self self, Fields fields, Successors next)
    {
        int session = fields.InFlight - 1;
        ref State after = ref next.Add(state, "the commit of {points} arrives", Bits.Of(session));
        after.TryPutPoint(session, self.Wanted);
        after.Write(self.Process, fields with { InFlight = 0 });
    }

    private static void Leave(World world, in State state, in Self self, Fields fields, Successors next)
    {
        if (fields.Step == Step.DeleteFence)
        {
            ref State after = ref next.Add(state, "W7 deletes its own fence");
            after.Fences = Bits.Without(after.Fences, self.Session);
            after.Write(self.Process, Again(world, fields));
            return;
        }

        ref State left = ref next.Add(state, "W7 deletes its lease");
        left.DeleteLease(self.Session);
        bool keepsFence = fields.AnswerLost && !world.Scenario.FenceDeletedAfterLostAnswer;
        left.Write(self.Process, fields.Step switch
        {
            Step.DeleteLeaseFenced when keepsFence => Again(world, fields),
            Step.DeleteLeaseFenced => fields with { Step = Step.DeleteFence },
            Step.DeleteLeaseEarly => fields with { Step = Step.Commit },
            _ => new Fields { InFlight = fields.InFlight },
        });
    }

    private static Fields Again(World world, Fields fields)
    {
        bool keeps = world.Change == Change.LookUpsKeptOnRetry;
        return fields.Round + 1 == world.Scenario.TryCount
            ? new Fields { InFlight = fields.InFlight }
            : new Fields
            {
                Step = world.WriterSteps[0],
                Round = fields.Round + 1,
                Relied = keeps ? fields.Relied : (byte)0,
                InFlight = fields.InFlight,
            };
    }

    /// <summary>Who a writer is: its process, this try's session and pack, and the chunks of the point it makes.
    /// </summary>
    internal readonly record struct Self(int Process, int Session, int Pack, int Wanted);

    /// <summary>What a writer remembers.</summary>
    [StructLayout(LayoutKind.Sequential, Size = sizeof(ulong))]
    internal struct Fields
    {
        internal Step Step;

        /// <summary>From the lowest bit: two for the round, one for a lost answer, the others for what is in
        /// flight.</summary>
        internal byte Session;

        /// <summary>The highest collection, between finding and using it.</summary>
        internal byte Number;
        internal byte AbsentPacks;

        /// <summary>The absent points, until a parent is chosen; then the packs it listed to look up in.</summary>
        internal byte AbsentPoints;

        /// <summary>The chunks it inherited or had confirmed.</summary>
        internal byte Relied;

        /// <summary>The data ids it had confirmed.</summary>
        internal byte Data;

        /// <summary>1 + the recipe being confirmed, with the flag of a new one; 0 for none.</summary>
        internal byte Pending;

        /// <summary>The packs it listed to look up in, absent ones left out.</summary>
        internal byte Listed
        {
            readonly get => AbsentPoints;
            set => AbsentPoints = value;
        }

        /// <summary>Which try this is, from 0.</summary>
        internal int Round
        {
            readonly get => Session & 3;
            set => Session = (byte)(Session & ~3 | value);
        }

        /// <summary>Whether this try's commit was not answered.</summary>
        internal bool AnswerLost
        {
            readonly get => (Session & 4) != 0;
            set => Session = (byte)(Session & ~4 | (value ? 4 : 0));
        }

        /// <summary>1 + the session whose commit may still arrive; 0 for none.</summary>
        internal int InFlight
        {
            readonly get => Session >> 3;
            set => Session = (byte)(Session & 7 | value << 3);
        }

        internal readonly bool PendingIsNew => (Pending & NewRecipe) != 0;

        internal readonly int PendingRecipe => (Pending & ~NewRecipe) - 1;

        internal static byte PendingOf(int recipe, bool isNew) => (byte)(recipe + 1 | (isNew ? NewRecipe : 0));
    }
}
