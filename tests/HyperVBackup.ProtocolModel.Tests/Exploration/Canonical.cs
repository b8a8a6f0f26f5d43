using HyperVBackup.ProtocolModel.Tests.Model;
using HyperVBackup.ProtocolModel.Tests.Processes;

namespace HyperVBackup.ProtocolModel.Tests.Exploration;

/// <summary>One form for all states that can only go on alike.</summary>
/// <remarks>
/// Collectors, and prunes, put their names nowhere and nothing asks for them: which of them did what makes no
/// difference, so their words are sorted. The lists of a collection that is over are read by those who hold its number
/// and by nobody else: if nobody does, they are left out. A lease's number is only ever compared, with the numbers that
/// collectors hold or will hold: if it is below them all, it is as good as 0.
/// </remarks>
internal static class Canonical
{
    internal static void Form(World world, ref State state)
    {
        Sort(ref state, 0, world.WritersAt);
        Sort(ref state, world.PrunesAt, world.RestoresAt);
        if (state.Highest > 1)
        {
            ForgetLists(world, ref state);
        }

        if (state.Highest > 0 && world.Change != Change.WaitTooShort)
        {
            LowerLeases(world, ref state);
        }
    }

    private static void Sort(ref State state, int start, int end)
    {
        for (int sorted = start + 1; sorted < end; sorted++)
        {
            ulong word = state.Read<ulong>(sorted);
            int at = sorted;
            for (; at > start && state.Read<ulong>(at - 1) > word; at--)
            {
                state.Write(at, state.Read<ulong>(at - 1));
            }

            state.Write(at, word);
        }
    }

    private static void ForgetLists(World world, ref State state)
    {
        int held = 0;
        for (int process = 0; process < world.PrunesAt; process++)
        {
            held |= Bits.Of(process < world.WritersAt
                ? state.Read<Collector.Fields>(process).Number
                : state.Read<Writer.Fields>(process).Number);
        }

        for (int process = world.RestoresAt; process < world.PinsAt; process++)
        {
            held |= Bits.Of(process < world.RepacksAt
                ? state.Read<Restore.Fields>(process).Number
                : state.Read<Repack.Fields>(process).Number);
        }

        for (int number = 1; number < state.Highest; number++)
        {
            if (!Bits.Has(held, number))
            {
                state.SetCollection(number, default);
            }
        }
    }

    private static void LowerLeases(World world, ref State state)
    {
        int lowest = state.Highest;
        for (int process = 0; process < world.WritersAt; process++)
        {
            int number = state.Read<Collector.Fields>(process).Number;
            lowest = number == 0 ? lowest : Math.Min(lowest, number);
        }

        for (int left = state.Leases; left != 0; left &= left - 1)
        {
            int session = Bits.Lowest(left);
            if (state.LeaseNumberOf(session) < lowest)
            {
                state.PutLease(session, 0);
            }
        }
    }
}
