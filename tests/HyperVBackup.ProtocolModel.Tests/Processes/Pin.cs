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
            for (int left = state.Points & ~state.Pins; left != 0; left &= left - 1)
            {
                next.Add(state, "chooses {points}", Bits.Of(Bits.Lowest(left))).Write(
                    process, new Fields { Step = Step.Put, Point = (byte)Bits.Lowest(left) });
            }
        }
        else if (fields.Step == Step.Put)
        {
            ref State after = ref next.Add(state, "puts the pin of {points}", Bits.Of(point));
            after.Pins = Bits.With(after.Pins, point);
            after.Write(process, fields with { Step = Step.ReadMark });
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
            ref State after = ref next.Add(state, "takes the pin back, the point was pruned");
            after.Pins = Bits.Without(after.Pins, point);
            after.Write(process, default(Fields));
        }
    }

    /// <summary>What a pin remembers.</summary>
    [StructLayout(LayoutKind.Sequential, Size = sizeof(ulong))]
    internal struct Fields
    {
        internal Step Step;
        internal byte Point;
    }
}
