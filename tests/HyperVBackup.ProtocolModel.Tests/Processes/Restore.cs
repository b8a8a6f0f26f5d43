using System.Runtime.InteropServices;
using HyperVBackup.ProtocolModel.Tests.Exploration;
using HyperVBackup.ProtocolModel.Tests.Model;

namespace HyperVBackup.ProtocolModel.Tests.Processes;

/// <summary>A reading session, R1 to R5.</summary>
internal static class Restore
{
    /// <summary>What a restore does next.</summary>
    internal enum Step : byte
    {
        End,
        Choose,
        ReadHighest,
        PutLease,
        ReadNumber,
        ReadAbsent,
        ReadPoint,
        ReadChunks,
        DeleteLease,
        DeleteFence,
    }

    internal static Fields First() => new() { Step = Step.Choose };

    /// <summary>The point that a restore's lease names.</summary>
    internal static int PointOf(World world, in State state, int session) =>
        state.Read<Fields>(world.RestoresAt + session - world.RestoreSession(0)).Point;

    internal static void Steps(World world, in State state, int process, Successors next)
    {
        Fields fields = state.Read<Fields>(process);
        int session = world.RestoreSession(process - world.RestoresAt);
        switch (fields.Step)
        {
            case Step.Choose:
                for (int left = state.Points; left != 0; left &= left - 1)
                {
                    int point = Bits.Lowest(left);
                    next.Add(state, "R1 chooses the point {points}", Bits.Of(point)).Write(
                        process, new Fields { Step = Step.ReadHighest, Point = (byte)point });
                }

                break;
            case Step.ReadHighest or Step.PutLease:
                PutLease(state, process, session, fields, next);
                break;
            case Step.ReadNumber:
                next.Add(state, "R2 finds the highest collection").Write(
                    process, fields with { Step = Step.ReadAbsent, Number = state.Highest });
                break;
            case Step.ReadAbsent or Step.ReadPoint:
                ReadPoint(world, state, process, fields, next);
                break;
            case Step.ReadChunks:
                next.Add(state, "R4 has read all chunks").Write(
                    process, fields with { Step = Step.DeleteLease, Chunks = 0 });
                break;
            default:
                Leave(state, process, session, fields, next);
                break;
        }
    }

    private static void PutLease(in State state, int process, int session, Fields fields, Successors next)
    {
        if (fields.Step == Step.ReadHighest)
        {
            next.Add(state, "R1 reads the highest collection").Write(
                process, fields with { Step = Step.PutLease, Number = state.Highest });
            return;
        }

        ref State after = ref next.Add(state, "R1 puts the lease of {points}", Bits.Of(session));
        after.PutLease(session, fields.Number);
        after.Write(process, fields with { Step = Step.ReadNumber, Number = 0 });
    }

    private static void ReadPoint(World world, in State state, int process, Fields fields, Successors next)
    {
        if (fields.Step == Step.ReadAbsent)
        {
            bool isAbsent = Bits.Has(Absent.Read(world, state, fields.Number).Points, fields.Point);
            next.Add(state, isAbsent ? "R2 finds its point absent" : "R2 finds its point not absent").Write(
                process, fields with { Step = isAbsent ? Step.DeleteLease : Step.ReadPoint, Number = 0 });
            return;
        }

        bool isThere = Bits.Has(state.Points, fields.Point);
        next.Add(state, isThere ? "R3 reads the point" : "R3 finds the point gone").Write(process, fields with
        {
            Step = isThere ? Step.ReadChunks : Step.DeleteLease,
            Chunks = (byte)state.ChunksOf(fields.Point),
        });
    }

    private static void Leave(in State state, int process, int session, Fields fields, Successors next)
    {
        if (fields.Step == Step.DeleteLease)
        {
            bool isFenced = Bits.Has(state.Fences, session);
            ref State after = ref next.Add(state, "R5 deletes its lease");
            after.DeleteLease(session);
            after.Write(process, isFenced ? new Fields { Step = Step.DeleteFence } : default);
        }
        else if (fields.Step == Step.DeleteFence)
        {
            ref State after = ref next.Add(state, "R5 deletes its fence");
            after.Fences = Bits.Without(after.Fences, session);
            after.Write(process, default(Fields));
        }
    }

    /// <summary>What a restore remembers.</summary>
    [StructLayout(LayoutKind.Sequential, Size = sizeof(ulong))]
    internal struct Fields
    {
        internal Step Step;
        internal byte Point;
        internal byte Number;

        /// <summary>The chunks it reads, while it does.</summary>
        internal byte Chunks;
    }
}
