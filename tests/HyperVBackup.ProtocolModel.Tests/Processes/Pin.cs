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
        Replace,

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
            bool isReplacing = world.Scenario.PinsReplacedEarly && fields.Before != 0;
            after.Write(process, fields with { Step = isReplacing ? Step.Replace : Step.ReadMark, Owns = 1 });
        }
        else if (fields.Step == Step.ReadMark)
        {
            Step unmarked = world.Scenario.PinReadsPoint ? Step.ReadPoint : Step.Pinned;
            Step step = Bits.Has(state.Marks, point) ? Step.TakeBack : unmarked;
            next.Add(state, "reads the mark").Write(process, fields with { Step = step });
        }
        else if (fields.Step == Step.ReadPoint)
        {
            Step found = fields.Before == 0 ? Step.Pinned : Step.Replace;
            Step step = Bits.Has(state.Points, point) ? found : Step.TakeBack;
            next.Add(state, "reads the point").Write(process, fields with { Step = step });
        }
        else if (fields.Step == Step.Replace)
        {
            Replace(world, state, process, fields, next);
        }
        else if (fields.Step == Step.TakeBack)
        {
            ref State after = ref next.Add(state, "takes its pin back, the point was pruned");
            after.Write(process, default(Fields));
            after.Pins = Owners(world, after, point) != 0 ? after.Pins : Bits.Without(after.Pins, point);
        }
    }

    /// <summary>The points of the pins that these processes have put.</summary>
    internal static int PointsPinnedBy(World world, in State state, int pins)
    {
        int points = 0;
        for (int left = pins; left != 0; left &= left - 1)
        {
            Fields fields = state.Read<Fields>(world.PinsAt + Bits.Lowest(left));
            points |= fields.Owns != 0 ? Bits.Of(fields.Point) : 0;
        }

        return points;
    }

    private static void Choose(World world, in State state, int process, Successors next)
    {
        for (int left = state.Points; left != 0; left &= left - 1)
        {
            int point = Bits.Lowest(left);
            bool isShared = world.Scenario.PinsShared && Bits.Has(state.Pins, point);
            next.Add(state, isShared ? "chooses {points}, finds it pinned" : "chooses {points}", Bits.Of(point)).Write(
                process, new Fields
                {
                    Step = isShared ? Step.ReadMark : Step.Put,
                    Point = (byte)point,
                    Before = world.Scenario.PinsReplaced ? (byte)Owners(world, state, point) : (byte)0,
                });
        }
    }

    private static void Replace(World world, in State state, int process, Fields fields, Successors next)
    {
        int older = Bits.Lowest(fields.Before);
        byte rest = Bits.Without(fields.Before, older);
        ref State after = ref next.Add(state, "takes an older pin away");
        Fields other = state.Read<Fields>(world.PinsAt + older);
        after.Write(world.PinsAt + older, other.Point == fields.Point ? other with { Owns = 0 } : other);
        Step end = world.Scenario.PinsReplacedEarly ? Step.ReadMark : Step.Pinned;
        after.Write(process, fields with { Step = rest == 0 ? end : Step.Replace, Before = rest });
    }

    /// <summary>Those whose pins of a point stand: pins have names of their own, one is taken back, others stay.
    /// </summary>
    private static int Owners(World world, in State state, int point)
    {
        int owners = 0;
        for (int pin = 0; pin < world.Scenario.PinCount; pin++)
        {
            Fields fields = state.Read<Fields>(world.PinsAt + pin);
            owners |= fields.Owns != 0 && fields.Point == point ? Bits.Of(pin) : 0;
        }

        return owners;
    }

    /// <summary>What a pin remembers.</summary>
    [StructLayout(LayoutKind.Sequential, Size = sizeof(ulong))]
    internal struct Fields
    {
        internal Step Step;
        internal byte Point;

        /// <summary>1 while a pin of its own stands.</summary>
        internal byte Owns;

        /// <summary>Whose pins of the point stood before it put its own, as far as it takes them away.</summary>
        internal byte Before;
    }
}
