using System.Runtime.InteropServices;
using HyperVBackup.ProtocolModel.Tests.Exploration;
using HyperVBackup.ProtocolModel.Tests.Model;

namespace HyperVBackup.ProtocolModel.Tests.Processes;

/// <summary>Repack, X1 and X2: a second copy, nothing more.</summary>
internal static class Repack
{
    /// <summary>What a repack does next.</summary>
    internal enum Step : byte
    {
        End,
        ReadHighest,
        PutLease,
        ReadNumber,
        ReadAbsent,
        Copy,
        Publish,
        DeleteSource,
        PutFence,
        DeleteLease,
        DeleteFence,
    }

    internal static Fields First() => new() { Step = Step.ReadHighest };

    internal static void Steps(World world, in State state, int process, Successors next)
    {
        Fields fields = state.Read<Fields>(process);
        int repack = process - world.RepacksAt;
        int session = world.RepackSession(repack);
        switch (fields.Step)
        {
            case Step.ReadHighest or Step.PutLease or Step.ReadNumber or Step.ReadAbsent:
                Begin(world, state, process, session, fields, next);
                break;
            case Step.Copy:
                Copy(world, state, process, world.RepackPack(repack), fields, next);
                break;
            case Step.Publish or Step.DeleteSource:
                Publish(world, state, process, world.RepackPack(repack), fields, next);
                break;
            default:
                Leave(world, state, process, session, fields, next);
                break;
        }
    }

    private static void Begin(
        World world, in State state, int process, int session, Fields fields, Successors next)
    {
        if (fields.Step == Step.ReadHighest)
        {
            next.Add(state, "X1 reads the highest collection").Write(
                process, fields with { Step = Step.PutLease, Number = state.Highest });
        }
        else if (fields.Step == Step.PutLease)
        {
            ref State after = ref next.Add(state, "X1 puts the lease of {points}", Bits.Of(session));
            after.PutLease(session, fields.Number);
            after.Write(process, new Fields { Step = Step.ReadNumber });
        }
        else if (fields.Step == Step.ReadNumber)
        {
            next.Add(state, "X1 finds the highest collection").Write(
                process, fields with { Step = Step.ReadAbsent, Number = state.Highest });
        }
        else
        {
            byte absent = Absent.Read(world, state, fields.Number).Packs;
            next.Add(state, "X1 reads what is absent: {packs}", absent).Write(
                process, new Fields { Step = Step.Copy, AbsentPacks = absent });
        }
    }

    private static void Copy(
        World world, in State state, int process, int pack, Fields fields, Successors next)
    {
        int sources = state.Packs & ~fields.AbsentPacks;
        for (int left = sources; left != 0; left &= left - 1)
        {
            int source = Bits.Lowest(left);
            int content = state.ContentOf(source);
            for (int part = content; part != 0; part = (part - 1) & content)
            {
                ref State after = ref next.Add(state, "X1 copies from {packs}", Bits.Of(source));
                after.Add(pack, part);
                after.Write(process, new Fields { Step = Step.Publish, Source = (byte)source });
                if (!world.Scenario.RepackCopiesParts)
                {
                    break;
                }
            }
        }

        if (sources == 0)
        {
            next.Add(state, "X1 finds nothing to copy").Write(process, new Fields { Step = Step.DeleteLease });
        }
    }

    private static void Publish(
        World world, in State state, int process, int pack, Fields fields, Successors next)
    {
        Step ending = world.Scenario.RepackEndsFenced ? Step.PutFence : Step.DeleteLease;
        if (fields.Step == Step.Publish)
        {
            ref State after = ref next.Add(state, "X2 publishes {packs}", Bits.Of(pack));
            after.Publish(pack);
            after.Write(process, world.Change == Change.RepackDeletes
                ? fields with { Step = Step.DeleteSource }
                : new Fields { Step = ending });
            return;
        }

        ref State deleted = ref next.Add(state, "X2 deletes {packs}", Bits.Of(fields.Source));
        deleted.DeletePack(fields.Source);
        deleted.Write(process, new Fields { Step = ending });
    }

    private static void Leave(
        World world, in State state, int process, int session, Fields fields, Successors next)
    {
        if (fields.Step == Step.PutFence)
        {
            ref State after = ref next.Add(state, "X2 ends by fencing itself");
            after.TryPutFence(session);
            after.Write(process, new Fields { Step = Step.DeleteLease });
        }
        else if (fields.Step == Step.DeleteLease)
        {
            bool deletesFence = Bits.Has(state.Fences, session) && !world.Scenario.RepackEndsFenced;
            ref State after = ref next.Add(state, "X2 deletes its lease");
            after.DeleteLease(session);
            after.Write(process, deletesFence ? new Fields { Step = Step.DeleteFence } : default);
        }
        else if (fields.Step == Step.DeleteFence)
        {
            ref State after = ref next.Add(state, "X2 deletes its fence");
            after.Fences = Bits.Without(after.Fences, session);
            after.Write(process, default(Fields));
        }
    }

    /// <summary>What a repack remembers.</summary>
    [StructLayout(LayoutKind.Sequential, Size = sizeof(ulong))]
    internal struct Fields
    {
        internal Step Step;
        internal byte Number;
        internal byte AbsentPacks;
        internal byte Source;
    }
}
