using HyperVBackup.Format;
using HyperVBackup.Format.Collections;
using HyperVBackup.Format.Packs;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>Decides what of a condemned set is deleted, once nobody relies on it any more (C7, C8).</summary>
internal sealed class Decision(CollectionStore store, Survey survey)
{
    /// <returns>What may be retired: all condemned points, and of the condemned packs those without which everything
    /// needed is complete in the packs that stay.</returns>
    /// <exception cref="RepositoryDamagedException">A point or node cannot be read, or something needed has no complete
    /// copy.</exception>
    /// <param name="findDamaged">Gives the places of records known to be damaged, which are no copies.</param>
    public async Task<CollectionSet> MakeAsync(
        CollectionSet condemned, Func<PackSet, IReadOnlySet<(int Pack, uint OffsetBytes)>> findDamaged,
        CancellationToken token)
    {
        HashSet<SessionId> points = await store.Points.ListAsync(token);
        PointRoots roots = await store.Points.ReadRootsAsync(
            points.Where(point => !condemned.Contains(point)), token);
        HashSet<PackName> packs = await store.ListPacksAsync(token);
        (Stock stock, NeededIds needed) = await survey.RunAsync(packs, roots, token);
        CopyRanks ranks = RanksOf(stock.Packs, condemned, findDamaged(stock.Packs));
        CopyChoice choice = new(stock, needed, ranks, survey.Workshop);
        choice.Run(_ => { }, token);
        return new CollectionSet(
            condemned.Number,
            condemned.Points,
            condemned.Packs.Where(pack =>
                stock.Packs.NumberOf(pack) is >= 0 and int number && choice.LiveBytes[number] == 0));
    }

    /// <summary>Packs that are not condemned come first: where all of a chunk is in them, no other is kept for it.
    /// </summary>
    private static CopyRanks RanksOf(
        PackSet packs, CollectionSet condemned, IReadOnlySet<(int Pack, uint OffsetBytes)> damaged)
    {
        int[] order = [.. Enumerable.Range(0, packs.Count).OrderBy(pack => condemned.Contains(packs.Names[pack]))];
        int[] ranks = new int[order.Length];
        for (int rank = 0; rank < order.Length; rank++)
        {
            ranks[order[rank]] = rank;
        }

        return new CopyRanks(ranks, damaged);
    }
}
