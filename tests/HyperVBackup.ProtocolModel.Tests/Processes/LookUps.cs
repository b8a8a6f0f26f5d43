using HyperVBackup.ProtocolModel.Tests.Exploration;
using HyperVBackup.ProtocolModel.Tests.Model;

namespace HyperVBackup.ProtocolModel.Tests.Processes;

/// <summary>W4: how a writer comes by each chunk that it did not inherit: by a hit, by a whole record of its own, or
/// by a recipe. Each data id that a recipe names is confirmed by a step of its own.</summary>
internal static class LookUps
{
    /// <summary>Takes the next chunk: a hit if there is one; else it is stored whole or as a new recipe.</summary>
    internal static void Begin(
        World world, in State state, in Writer.Self self, Writer.Fields fields, Successors next)
    {
        Copies copies = world.Copies;
        int missing = self.Wanted & ~fields.Relied & ~copies.Recorded(state.ContentOf(self.Pack));
        int chunk = missing & -missing;
        int found = Found(world, state, fields);
        if ((found & chunk) != 0)
        {
            fields.Relied |= (byte)chunk;
            next.Add(state, "W4 finds {data}", chunk).Write(
                self.Process, Writer.AfterLookUp(world, state, self, fields));
            return;
        }

        bool isComplete = (copies.Complete(found) & chunk) != 0;
        for (int recipe = 0; recipe < copies.RecipeCount; recipe++)
        {
            if (copies.ChunkOf(recipe) == chunk && Bits.Covers(found, Data.OfRecipe(recipe)))
            {
                Confirm(world, ref next.Add(state, "W4 finds a recipe of {data}", chunk),
                    self, fields with { Pending = Writer.Fields.PendingOf(recipe, isNew: false) });
            }

            if (copies.ChunkOf(recipe) == chunk && !isComplete)
            {
                Confirm(world, ref next.Add(state, "W4 begins a new recipe of {data}", chunk),
                    self, fields with { Pending = Writer.Fields.PendingOf(recipe, isNew: true) });
            }
        }

        if (!isComplete)
        {
            StoreWhole(world, state, self, fields, chunk, next);
        }
    }

    /// <summary>Takes the next data id that the recipe at hand names: found, or stored if it is a literal of its own;
    /// else the chunk is stored whole.</summary>
    internal static void GoOn(
        World world, in State state, in Writer.Self self, Writer.Fields fields, Successors next)
    {
        int missing = Missing(world, state, self, fields);
        int id = missing & -missing;
        bool isFound = (FoundBases(world, state, fields) & id) != 0;
        bool isOwnLiteral = fields.PendingIsNew && Data.IsLiteral(id);
        if (isFound)
        {
            Confirm(world, ref next.Add(state, "W4 finds the record {data}", id),
                self, fields with { Data = (byte)(fields.Data | id) });
        }

        if (isOwnLiteral && (!isFound || world.Scenario.LiteralsStoredAgain))
        {
            ref State after = ref next.Add(state, "W4 stores the literal {data}", id);
            after.Add(self.Pack, id);
            Confirm(world, ref after, self, fields);
        }

        if (!isFound && !isOwnLiteral)
        {
            StoreWhole(world, state, self, fields, world.Copies.ChunkOf(fields.PendingRecipe), next);
        }
    }

    private static void StoreWhole(
        World world, in State state, in Writer.Self self, Writer.Fields fields, int chunk, Successors next)
    {
        ref State after = ref next.Add(state, "W4 stores {data}", chunk);
        after.Add(self.Pack, chunk);
        after.Write(self.Process, Writer.AfterLookUp(world, after, self, fields with { Pending = 0 }));
    }

    /// <summary>Ends the recipe at hand once nothing it names is left to confirm.</summary>
    private static void Confirm(World world, ref State after, in Writer.Self self, Writer.Fields fields)
    {
        if (Missing(world, after, self, fields) == 0)
        {
            if (fields.PendingIsNew)
            {
                after.Add(self.Pack, Data.OfRecipe(fields.PendingRecipe));
            }
            else
            {
                fields.Relied |= (byte)world.Copies.ChunkOf(fields.PendingRecipe);
            }

            fields = Writer.AfterLookUp(world, after, self, fields with { Pending = 0 });
        }

        after.Write(self.Process, fields);
    }

    /// <summary>A hit must be complete in the store; a new recipe may also name what its own session stores.</summary>
    private static int Missing(World world, in State state, in Writer.Self self, Writer.Fields fields)
    {
        if (!fields.PendingIsNew && world.Change == Change.RecipeHitWithoutBases)
        {
            return 0;
        }

        int missing = world.Copies.IdsOf(fields.PendingRecipe) & ~fields.Data;
        return fields.PendingIsNew
            ? missing & ~state.ContentOf(self.Pack) & ~(Unasked(world.Change) & fields.Relied)
            : missing;
    }

    private static int Unasked(Change change) => change == Change.InheritedBaseUnasked ? Data.Chunks : 0;

    private static int Found(World world, in State state, Writer.Fields fields)
    {
        int packs = world.Change == Change.HitsInAbsentPacks ? state.Packs : Usable(world, state, fields);
        int known = world.Change == Change.HitNotConfirmed ? KnownOfOld(world, fields) : 0;
        return state.ContentOfPacks(packs) | known;
    }

    private static int Usable(World world, in State state, Writer.Fields fields) =>
        world.Scenario.PacksListedOnce ? fields.Listed : state.Packs & ~fields.AbsentPacks;

    private static int FoundBases(World world, in State state, Writer.Fields fields)
    {
        bool isAnyPack = world.Change == Change.BaseInAbsentPack && fields.PendingIsNew;
        int found = state.ContentOfPacks(isAnyPack ? state.Packs : Usable(world, state, fields));
        return world.Change switch
        {
            Change.BaseNotConfirmed => found | KnownOfOld(world, fields),
            Change.BaseByChunk => found | world.Copies.Counted(found),
            _ => found,
        };
    }

    /// <summary>What an index of the first repository says, existing or not, but for absent packs.</summary>
    private static int KnownOfOld(World world, Writer.Fields fields) =>
        world.Initial.ContentOfPacks(world.Initial.Packs & ~fields.AbsentPacks);
}
