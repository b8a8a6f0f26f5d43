using HyperVBackup.ProtocolModel.Tests.Model;

namespace HyperVBackup.ProtocolModel.Tests.Processes;

/// <summary>What must hold in every state, and what a collector that is left alone must leave behind.</summary>
internal static class Properties
{
    /// <returns>The property that does not hold, or null.</returns>
    internal static string? Broken(World world, in State state)
    {
        int content = state.ContentOfPacks(state.Packs);
        int complete = world.Copies.Complete(content);
        if (!Bits.Covers(complete, state.ChunksOfAllPoints))
        {
            return "I1: a restore point's chunk has no complete copy";
        }

        for (int process = world.WritersAt; process < world.PrunesAt; process++)
        {
            if (!IsWriterSafe(world, state, process, content, complete))
            {
                return "I2: an unfenced writer relies on what is gone";
            }
        }

        for (int process = world.RestoresAt; process < world.RepacksAt; process++)
        {
            bool isFenced = Bits.Has(state.Fences, world.RestoreSession(process - world.RestoresAt));
            if (!isFenced && !Bits.Covers(complete, state.Read<Restore.Fields>(process).Chunks))
            {
                return "I2: an unfenced restore cannot read its point";
            }
        }

        return IsEveryPinKept(world, state) ? null : "a point that was pinned is gone";
    }

    /// <summary>After a fresh collector ran alone: marked points, and packs that could all go or go singly, must be
    /// gone.</summary>
    /// <returns>What was left, or null.</returns>
    internal static string? LeftBehind(World world, in State state)
    {
        if ((state.Points & state.Marks & ~state.Pins) != 0)
        {
            return "a marked point was left";
        }

        for (int left = state.Packs; left != 0; left &= left - 1)
        {
            int others = state.Packs & ~Bits.Of(Bits.Lowest(left));
            if (Bits.Covers(world.Copies.Complete(state.ContentOfPacks(others)), state.ChunksOfAllPoints))
            {
                return "a pack that nothing needs was left";
            }
        }

        return Broken(world, state);
    }

    private static bool IsWriterSafe(World world, in State state, int process, int content, int complete)
    {
        Writer.Fields fields = state.Read<Writer.Fields>(process);
        if (fields.Step is Writer.Step.End or >= Writer.Step.CommitAgain)
        {
            return true;
        }

        int writer = process - world.WritersAt;
        int session = world.SessionOf(writer, fields.Round);
        int own = state.ContentOf(world.PackOf(writer, fields.Round));
        int listed = world.Scenario.PacksListedOnce && fields.Step >= Writer.Step.LookUp ? fields.Listed : 0;
        return Bits.Has(state.Fences, session)
            || (Bits.Covers(complete, fields.Relied)
                && Bits.Covers(content | own, world.Copies.Named(own))
                && Bits.Covers(state.Packs, listed));
    }

    private static bool IsEveryPinKept(World world, in State state)
    {
        for (int process = world.PinsAt; process < world.ProcessCount; process++)
        {
            Pin.Fields fields = state.Read<Pin.Fields>(process);
            if (fields.Step == Pin.Step.Pinned && !Bits.Has(state.Points, fields.Point))
            {
                return false;
            }
        }

        return true;
    }
}
