using HyperVBackup.ProtocolModel.Tests.Exploration;
using HyperVBackup.ProtocolModel.Tests.Model;

namespace HyperVBackup.ProtocolModel.Tests.Processes;

/// <summary>C5 and C6: the older sessions, each decided by itself or by a fence.</summary>
internal static class Waiting
{
    internal static void Steps(
        World world, in State state, int process, Collector.Fields fields, Successors next)
    {
        if (fields.Step == Collector.Step.Settle)
        {
            Settle(world, state, process, fields, next);
        }
        else if (world.Scenario.NothingAtOnce)
        {
            ListOneByOne(world, state, process, fields, next);
        }
        else
        {
            int wait = WaitSet(world, state, fields.Number, state.Leases);
            next.Add(state, "C5 lists leases, waits for {points}", wait).Write(
                process, AfterListing(world, fields, wait));
        }
    }

    /// <summary>Of these sessions, those that began before the collection and may rely on what it condemned.</summary>
    internal static int WaitSet(World world, in State state, int number, int sessions)
    {
        int wait = 0;
        int older = world.Change == Change.WaitTooShort ? number - 1 : number;
        for (int left = sessions & state.Leases; left != 0; left &= left - 1)
        {
            int session = Bits.Lowest(left);
            bool isOlder = state.LeaseNumberOf(session) < older;
            wait |= isOlder && Concerns(world, state, number, session) ? Bits.Of(session) : 0;
        }

        return wait;
    }

    /// <summary>Where C6 goes once it need not wait any more.</summary>
    internal static Collector.Step AfterWait(World world, int wait, Collector.Step waiting)
    {
        Collector.Step after = world.Change switch
        {
            Change.NeededNotListedAgain or Change.NeededListedBeforeWait => Collector.Step.Decide,
            _ => Collector.Step.ListNeeded,
        };
        return wait != 0 ? waiting : after;
    }

    private static bool Concerns(World world, in State state, int number, int session)
    {
        if (!world.IsRestore(session))
        {
            return true;
        }

        return world.Change != Change.ReadersIgnored
            && Bits.Has(state.CollectionOf(number).CondemnedPoints, Restore.PointOf(world, state, session));
    }

    /// <summary>One lease at a time, in any order; one put or deleted meanwhile is seen or not.</summary>
    private static void ListOneByOne(
        World world, in State state, int process, Collector.Fields fields, Successors next)
    {
        int unlisted = fields.Unlisted == 0 ? world.AllSessions : fields.Unlisted;
        for (int left = unlisted; left != 0; left &= left - 1)
        {
            int session = Bits.Lowest(left);
            int wait = fields.Wait | WaitSet(world, state, fields.Number, Bits.Of(session));
            Collector.Fields after = fields with { Wait = (byte)wait, Unlisted = Bits.Without(unlisted, session) };
            next.Add(state, "C5 looks for the lease of {points}", Bits.Of(session)).Write(
                process, after.Unlisted == 0 ? AfterListing(world, after, wait) : after);
        }
    }

    private static Collector.Fields AfterListing(World world, Collector.Fields fields, int wait) => fields with
    {
        Step = world.Change == Change.NeededListedBeforeWait
            ? Collector.Step.ListNeeded
            : AfterWait(world, wait, Collector.Step.Settle),
        Wait = (byte)wait,
        Unlisted = 0,
    };

    private static void Settle(
        World world, in State state, int process, Collector.Fields fields, Successors next)
    {
        for (int left = fields.Wait; left != 0; left &= left - 1)
        {
            int session = Bits.Lowest(left);
            Collector.Fields settled = fields with { Wait = Bits.Without(fields.Wait, session) };
            settled.Step = AfterWait(world, settled.Wait, Collector.Step.Settle);
            bool isOver = state.IsDecided(session) || !Bits.Has(state.Leases, session);
            if (isOver)
            {
                next.Add(state, "C6 sees {points} decided or over", Bits.Of(session)).Write(process, settled);
            }

            if (isOver && !world.Scenario.NothingAtOnce)
            {
                continue;
            }

            if (world.Change == Change.LeaseDeletedInsteadOfFence)
            {
                ref State after = ref next.Add(state, "C6 deletes the lease of {points}", Bits.Of(session));
                after.DeleteLease(session);
                after.Write(process, settled);
            }
            else
            {
                ref State after = ref next.Add(state, "C6 puts a fence for {points}", Bits.Of(session));
                after.TryPutFence(session);
                after.Write(process, settled);
            }
        }
    }
}
