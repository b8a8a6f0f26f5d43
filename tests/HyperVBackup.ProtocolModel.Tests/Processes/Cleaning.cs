using HyperVBackup.ProtocolModel.Tests.Exploration;
using HyperVBackup.ProtocolModel.Tests.Model;

namespace HyperVBackup.ProtocolModel.Tests.Processes;

/// <summary>What anyone may clean up at any time, without a clock: leases of decided sessions, marks of points that
/// are gone. And, where the scenario says so, anyone may end a session.</summary>
internal static class Cleaning
{
    internal static void Steps(World world, in State state, Successors next)
    {
        if (world.Scenario.Cleaning)
        {
            CleanLeases(world, state, next);
            CleanMarks(state, next);
        }

        if (world.Scenario.SessionsEnded)
        {
            EndSessions(state, next);
        }

        switch (world.Change)
        {
            case Change.FenceCleaned:
                CleanFences(state, next);
                break;
            case Change.OldRetiredRemoved:
                CleanRetired(state, next);
                break;
            case Change.FencedPacksDeleted:
                CleanPacks(world, state, next);
                break;
            default:
                break;
        }
    }

    private static void CleanLeases(World world, in State state, Successors next)
    {
        int undecided = world.Change == Change.UndecidedLeaseCleaned ? state.Leases : 0;
        for (int left = state.Leases & (state.Points | state.Fences | undecided); left != 0; left &= left - 1)
        {
            int session = Bits.Lowest(left);
            next.Add(state, "cleans the lease of {points}", Bits.Of(session)).DeleteLease(session);
        }
    }

    private static void EndSessions(in State state, Successors next)
    {
        for (int left = state.Leases & ~(state.Points | state.Fences); left != 0; left &= left - 1)
        {
            int session = Bits.Lowest(left);
            next.Add(state, "ends {points} by a fence", Bits.Of(session)).TryPutFence(session);
        }
    }

    private static void CleanMarks(in State state, Successors next)
    {
        for (int left = state.Marks & ~state.Points; left != 0; left &= left - 1)
        {
            int session = Bits.Lowest(left);
            ref State after = ref next.Add(state, "cleans the mark of {points}", Bits.Of(session));
            after.Marks = Bits.Without(after.Marks, session);
        }
    }

    private static void CleanFences(in State state, Successors next)
    {
        for (int left = state.Fences & ~state.Leases; left != 0; left &= left - 1)
        {
            int session = Bits.Lowest(left);
            ref State after = ref next.Add(state, "removes the fence of {points}", Bits.Of(session));
            after.Fences = Bits.Without(after.Fences, session);
        }
    }

    private static void CleanRetired(in State state, Successors next)
    {
        for (int number = 1; number < state.Highest; number++)
        {
            if (state.IsRetired(number))
            {
                ref State after = ref next.Add(state, "removes an old retired list");
                after.Retired = Bits.Without(after.Retired, number);
                after.SetCollection(number, state.CollectionOf(number) with { RetiredPacks = 0, RetiredPoints = 0 });
            }
        }
    }

    private static void CleanPacks(World world, in State state, Successors next)
    {
        for (int left = state.Fences; left != 0; left &= left - 1)
        {
            int pack = world.PackOfSession(Bits.Lowest(left));
            if (pack >= 0 && Bits.Has(state.Packs, pack))
            {
                next.Add(state, "deletes {packs} of a fenced session", Bits.Of(pack)).DeletePack(pack);
            }
        }
    }
}
