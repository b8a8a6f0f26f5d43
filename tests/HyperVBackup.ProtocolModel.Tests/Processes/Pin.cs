using System.Runtime.InteropServices;
using HyperVBackup.ProtocolModel.Tests.Exploration;
using HyperVBackup.ProtocolModel.Tests.Model;

namespace HyperVBackup.ProtocolModel.Tests.Processes;

/// <summary>Pins a point for good: puts the pin, then reads the mark, then the point; only if the one is missing and
/// the other is there has it pinned it.</summary>
internal static class Pin
{
    /// <summary>What a pin does next.</summary>
    internal enum Step : byte
    {
        End,
        Choose,
        Put,
        ReadMark,
        ReadPoint,
        TakeBack,

        /// <summary>It told its user that the point is pinned.</summary>
        Pinned,
    }

    internal static Fields First() => new() { Step = Step.Choose };

    internal static void Steps(World world, in State state, int process, Successors next)
    {
        Fields fields = state.Read<Fields>(process);
        int point = fields.Point;
        if (fields.Step == Step.Choose)
        {
            Choose(world, state, process, next);
        }
        else if (fields.Step == Step.Put)
        {
            ref State after = ref next.Add(state, "puts its pin of {points}", Bits.Of(point));
            after.Pins = Bits.With(after.Pins, point);
            after.Write(process, fields with { Step = Step.ReadMark, Owns = 1 });
        }
        else if (fields.Step == Step.ReadMark)
        {
            Step unmarked = world.Scenario.PinReadsPoint ? Step.ReadPoint : Step.Pinned;
            Step step = Bits.Has(state.Marks, point) ? Step.TakeBack : unmarked;
            next.Add(state, "reads the mark").Write(process, fields with { Step = step });
        }
        else if (fields.Step == Step.ReadPoint)
        {
            Step step = Bits.Has(state.Points, point) ? Step.Pinned : Step.TakeBack;
            next.Add(state, "reads the point").Write(process, fields with { Step = step });
        }
        else if (fields.Step == Step.TakeBack)
        {
            ref State after = ref next.Add(state, "takes its pin back, the point was pruned");
            after.Write(process, default(Fields));
            after.Pins = IsOwned(world, after, point) ? after.Pins : Bits.Without(after.Pins, point);
        }
    }

    private static void Choose(World world, in State state, int process, Successors next)
    {
        for (int left = state.Points; left != 0; left &= left - 1)
        {
            int point = Bits.Lowest(left);
            bool isShared = world.Scenario.PinsShared && Bits.Has(state.Pins, point);
            next.Add(state, isShared ? "chooses {points}, finds it pinned" : "chooses {points}", Bits.Of(point)).Write(
                process, new Fields { Step = isShared ? Step.ReadMark : Step.Put, Point = (byte)point });
        }
    }

    /// <summary>Pins have names of their own: one is taken back, others of the same point stay.</summary>
    private static bool IsOwned(World world, in State state, int point)
    {
        for (int process = world.PinsAt; process < world.ProcessCount; process++)
        {
            Fields other = state.Read<Fields>(process);
            if (other.Owns != 0 && other.Point == point)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>What a pin remembers.</summary>
    [StructLayout(LayoutKind.Sequential, Size = sizeof(ulong))]
    internal struct Fields
    {
        internal Step Step;
        internal byte Point;

        /// <summary>1 while a pin of its own stands.</summary>
        internal byte Owns;
    }
}
