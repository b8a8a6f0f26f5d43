using HyperVBackup.ProtocolModel.Tests.Exploration;
using HyperVBackup.ProtocolModel.Tests.Model;

namespace HyperVBackup.ProtocolModel.Tests.Processes;

/// <summary>C7 to C9: what is needed, what therefore goes, and its deleting.</summary>
internal static class Retiring
{
    internal static void Steps(
        World world, in State state, int process, Collector.Fields fields, Successors next)
    {
        switch (fields.Step)
        {
            case Collector.Step.ListNeeded when world.Scenario.NothingAtOnce:
                ListOneByOne(world, state, process, fields, next);
                break;
            case Collector.Step.ListNeeded:
                int needed = state.ChunksOfPoints(NotCondemned(state, fields));
                next.Add(state, "C7 lists points: {data} needed", needed).Write(
                    process, AfterNeeded(world, fields with { Needed = (byte)needed }));
                break;
            case Collector.Step.Decide:
                Decide(world, state, process, fields, next);
                break;
            case Collector.Step.PutRetired:
                PutRetired(world, state, process, fields, next);
                break;
            default:
                Delete(world, state, process, fields, next);
                break;
        }
    }

    private static int NotCondemned(in State state, Collector.Fields fields) =>
        state.Points & ~state.CollectionOf(fields.Number).CondemnedPoints;

    private static Collector.Fields AfterNeeded(World world, Collector.Fields fields) => fields with
    {
        Step = world.Change == Change.NeededListedBeforeWait
            ? Waiting.AfterWait(world, fields.Wait, Collector.Step.Settle)
            : Collector.Step.Decide,
        Unlisted = 0,
    };

    private static void ListOneByOne(
        World world, in State state, int process, Collector.Fields fields, Successors next)
    {
        int unlisted = fields.Unlisted == 0 ? world.AllSessions : fields.Unlisted;
        for (int left = unlisted; left != 0; left &= left - 1)
        {
            int session = Bits.Lowest(left);
            int seen = state.ChunksOfPoints(NotCondemned(state, fields) & Bits.Of(session));
            Collector.Fields after = fields with
            {
                Needed = (byte)(fields.Needed | seen),
                Unlisted = Bits.Without(unlisted, session),
            };
            next.Add(state, "C7 looks for the point {points}", Bits.Of(session)).Write(
                process, after.Unlisted == 0 ? AfterNeeded(world, after) : after);
        }
    }

    private static void Decide(
        World world, in State state, int process, Collector.Fields fields, Successors next)
    {
        if (!CanDecide(world, state, fields.Needed))
        {
            bool isRetired = state.IsRetired(fields.Number);
            next.Add(state, isRetired ? "C8 misses a chunk, finds the retired list" : "C8 misses a chunk and stops")
                .Write(process, isRetired
                    ? Collector.FindAgain(fields)
                    : new Collector.Fields { Step = Collector.Step.Stopped });
            return;
        }

        int condemned = state.CollectionOf(fields.Number).CondemnedPacks & state.Packs;
        fields = fields with { Step = Collector.Step.PutRetired, Needed = 0 };
        if (!world.Scenario.AnyDeleteSet)
        {
            int deleteSet = Choices.DeleteSet(world, state, condemned, state.Read<Collector.Fields>(process).Needed);
            AddDecision(state, process, fields, deleteSet, next);
            return;
        }

        for (int subset = condemned; subset >= 0; subset = subset == 0 ? -1 : (subset - 1) & condemned)
        {
            if (Choices.IsAllowed(world, state, subset, state.Read<Collector.Fields>(process).Needed))
            {
                AddDecision(state, process, fields, subset, next);
            }
        }
    }

    /// <summary>Whether every needed chunk is complete in the existing packs.</summary>
    private static bool CanDecide(World world, in State state, int needed)
    {
        int content = state.ContentOfPacks(state.Packs);
        bool isDamage = world.Change == Change.DanglingIsDamage && HasDangling(world, content, needed);
        return !isDamage && Bits.Covers(world.Copies.Counted(content), needed);
    }

    private static bool HasDangling(World world, int content, int needed)
    {
        for (int recipe = 0; recipe < world.Copies.RecipeCount; recipe++)
        {
            bool isThere = Bits.Covers(content, Data.OfRecipe(recipe));
            bool isNeeded = (world.Copies.ChunkOf(recipe) & needed) != 0;
            if (isThere && isNeeded && !Bits.Covers(content, world.Copies.IdsOf(recipe)))
            {
                return true;
            }
        }

        return false;
    }

    private static void AddDecision(
        in State state, int process, Collector.Fields fields, int deleteSet, Successors next) =>
        next.Add(state, "C8 lists packs, decides to delete {packs}", deleteSet).Write(
            process, fields with { Packs = (byte)deleteSet });

    private static void PutRetired(
        World world, in State state, int process, Collector.Fields fields, Successors next)
    {
        int number = fields.Number;
        bool isFirst = !state.IsRetired(number);
        ref State after = ref next.Add(
            state, isFirst ? "C8 puts the retired list: {packs}" : "C8 loses the race for the retired list",
            fields.Packs);
        if (isFirst)
        {
            Collection collection = state.CollectionOf(number);
            collection.RetiredPacks = fields.Packs;
            collection.RetiredPoints = collection.CondemnedPoints;
            after.SetCollection(number, collection);
            after.Retired = Bits.With(after.Retired, number);
        }

        byte own = world.Change == Change.OwnDeleteSetFollowed ? fields.Packs : (byte)0;
        after.Write(process, fields with { Step = Collector.Step.Delete, Packs = own });
    }

    /// <summary>One name at a time: of each point its lease, itself, its mark; then the packs.</summary>
    private static void Delete(
        World world, in State state, int process, Collector.Fields fields, Successors next)
    {
        Collection collection = state.CollectionOf(fields.Number);
        int listed = world.Change == Change.OwnDeleteSetFollowed ? fields.Packs : collection.RetiredPacks;
        int packs = listed & state.Packs;
        int points = collection.RetiredPoints & (state.Points | state.Fences | state.Marks);
        bool isPackFirst = world.Change == Change.PacksDeletedFirst;
        if (packs != 0 && (points == 0 || isPackFirst))
        {
            ref State after = ref next.Add(state, "C9 deletes {packs}", packs & -packs);
            after.DeletePack(Bits.Lowest(packs));
        }
        else if (points != 0)
        {
            DeletePoint(state, Bits.Lowest(points), next);
        }
        else
        {
            bool isLast = fields.ScansLeft == 0;
            next.Add(state, "C9 is done").Write(process, isLast
                ? default
                : new Collector.Fields { Step = Collector.Step.Find, ScansLeft = (byte)(fields.ScansLeft - 1) });
        }
    }

    private static void DeletePoint(in State state, int session, Successors next)
    {
        if (state.IsDecided(session) && Bits.Has(state.Leases, session))
        {
            next.Add(state, "C9 deletes the lease of {points}", Bits.Of(session)).DeleteLease(session);
        }
        else if (state.IsDecided(session))
        {
            next.Add(state, "C9 deletes the point {points}", Bits.Of(session)).DeletePoint(session);
        }
        else
        {
            ref State after = ref next.Add(state, "C9 deletes the mark of {points}", Bits.Of(session));
            after.Marks = Bits.Without(after.Marks, session);
        }
    }
}
