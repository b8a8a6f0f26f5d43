using System.Runtime.InteropServices;
using HyperVBackup.ProtocolModel.Tests.Exploration;
using HyperVBackup.ProtocolModel.Tests.Model;

namespace HyperVBackup.ProtocolModel.Tests.Processes;

/// <summary>Prune, P1: it marks points and deletes nothing. It may sleep between choosing and marking.</summary>
internal static class Prune
{
    internal static Fields First(World world) => new() { MarksLeft = (byte)world.Scenario.MarkCount };

    internal static void Steps(World world, in State state, int process, Successors next)
    {
        Fields fields = state.Read<Fields>(process);
        if (fields.Target == 0)
        {
            int candidates = fields.MarksLeft == 0 ? 0 : state.Points & ~state.Marks & ~state.Pins;
            for (int left = candidates; left != 0; left &= left - 1)
            {
                int session = Bits.Lowest(left);
                next.Add(state, "P1 chooses {points}", Bits.Of(session)).Write(
                    process, fields with { Target = (byte)(session + 1) });
            }

            return;
        }

        int target = fields.Target - 1;
        ref State after = ref next.Add(state, "P1 marks {points}", Bits.Of(target));
        if (world.Change == Change.PruneDeletes)
        {
            after.DeletePoint(target);
        }
        else
        {
            after.Marks = Bits.With(after.Marks, target);
        }

        after.Write(process, new Fields { MarksLeft = (byte)(fields.MarksLeft - 1) });
    }

    /// <summary>What a prune remembers.</summary>
    [StructLayout(LayoutKind.Sequential, Size = sizeof(ulong))]
    internal struct Fields
    {
        internal byte MarksLeft;

        /// <summary>1 + the point it is about to mark; 0 for none.</summary>
        internal byte Target;
    }
}
