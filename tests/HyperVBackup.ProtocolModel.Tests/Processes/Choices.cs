using HyperVBackup.ProtocolModel.Tests.Model;

namespace HyperVBackup.ProtocolModel.Tests.Processes;

/// <summary>C3's and C8's choices of packs.</summary>
internal static class Choices
{
    /// <summary>C3: all packs of <paramref name="candidates"/> that can go together while every needed chunk that is
    /// complete in <paramref name="packs"/> stays so; the oldest go first.</summary>
    internal static int Needless(World world, in State state, int packs, int candidates, int needed)
    {
        int target = needed & world.Copies.Counted(state.ContentOfPacks(packs));
        int kept = packs & state.Packs;
        for (int left = candidates & kept; left != 0; left &= left - 1)
        {
            kept = Without(world, state, kept, Bits.Lowest(left), target);
        }

        return packs & ~kept;
    }

    /// <summary>The same, but the newest go first.</summary>
    internal static int NeedlessKeepingOld(World world, in State state, int packs, int candidates, int needed)
    {
        int target = needed & world.Copies.Counted(state.ContentOfPacks(packs));
        int kept = packs & state.Packs;
        for (int left = candidates & kept; left != 0; left &= ~Bits.Of(Bits.Highest(left)))
        {
            kept = Without(world, state, kept, Bits.Highest(left), target);
        }

        return packs & ~kept;
    }

    /// <summary>C8 in one pass: existing packs that are not condemned are kept; for each needed chunk that is not
    /// complete in what is kept, the packs of one complete copy are kept too; the other condemned packs go.</summary>
    internal static int DeleteSet(World world, in State state, int condemned, int needed)
    {
        if (world.Change == Change.CopiesInDeleteSetCounted)
        {
            return EachByItself(world, state, condemned, needed);
        }

        int existing = state.ContentOfPacks(state.Packs);
        int kept = state.Packs & ~condemned;
        for (int left = needed; left != 0; left &= left - 1)
        {
            int chunk = left & -left;
            if (!world.Copies.IsCovered(chunk, state.ContentOfPacks(kept), existing))
            {
                kept |= PacksOfCopy(world, state, chunk, kept);
            }
        }

        return condemned & state.Packs & ~kept;
    }

    /// <summary>Whether C8's rule allows a delete set.</summary>
    internal static bool IsAllowed(World world, in State state, int deleteSet, int needed) =>
        Bits.Covers(world.Copies.Counted(state.ContentOfPacks(state.Packs & ~deleteSet)), needed);

    private static int Without(World world, in State state, int kept, int pack, int target)
    {
        int fewer = kept & ~Bits.Of(pack);
        return Bits.Covers(world.Copies.Counted(state.ContentOfPacks(fewer)), target) ? fewer : kept;
    }

    private static int EachByItself(World world, in State state, int condemned, int needed)
    {
        int deleteSet = 0;
        for (int left = condemned & state.Packs; left != 0; left &= left - 1)
        {
            int pack = Bits.Of(Bits.Lowest(left));
            deleteSet |= IsAllowed(world, state, pack, needed) ? pack : 0;
        }

        return deleteSet;
    }

    /// <summary>The packs of one complete copy: its whole record if there is one.</summary>
    private static int PacksOfCopy(World world, in State state, int chunk, int kept)
    {
        int whole = PackWith(state, chunk, kept);
        if (whole != 0)
        {
            return whole;
        }

        foreach (int recipe in world.Copies.RecipesOf(chunk))
        {
            int packs = PackWith(state, Data.OfRecipe(recipe), kept);
            if (packs != 0)
            {
                int bases = PacksOfIds(world, state, world.Copies.IdsOf(recipe), kept | packs);
                bool isCopy = world.Copies.IsCovered(
                    chunk, state.ContentOfPacks(kept | packs | bases), state.ContentOfPacks(state.Packs));
                if (isCopy)
                {
                    return packs | bases;
                }
            }
        }

        return state.Packs;
    }

    private static int PacksOfIds(World world, in State state, int ids, int kept)
    {
        int packs = 0;
        for (int left = IsAnyBaseGood(world.Change) ? 0 : ids; left != 0; left &= left - 1)
        {
            packs |= PackWith(state, left & -left, kept | packs);
        }

        return packs;
    }

    private static bool IsAnyBaseGood(Change change) =>
        change is Change.AnyRecordCounts or Change.BasesInDeleteSetCounted;

    /// <summary>The newest pack that holds this, rather one that is kept anyway; none if there is none.</summary>
    private static int PackWith(in State state, int content, int kept)
    {
        int holding = 0;
        for (int left = state.Packs; left != 0; left &= left - 1)
        {
            int pack = Bits.Lowest(left);
            holding |= Bits.Covers(state.ContentOf(pack), content) ? Bits.Of(pack) : 0;
        }

        int rather = holding & kept;
        int chosen = rather != 0 ? rather : holding;
        return chosen == 0 ? 0 : Bits.Of(Bits.Highest(chosen));
    }
}
