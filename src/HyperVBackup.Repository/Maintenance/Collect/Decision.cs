using HyperVBackup.Format;
using HyperVBackup.Format.Collections;
using HyperVBackup.Format.Packs;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>Decides what of a condemned set is deleted, once nobody relies on it any more (C7, C8).</summary>
internal sealed class Decision(CollectionStore store, Survey survey)
{
    /// <returns>What may be retired: all condemned points, and of the condemned packs those without which everything
    /// needed is complete in the packs that stay.</returns>
    /// <param name="findDamaged">Gives what is known to be damaged.</param>
    /// <param name="findImmutable">Gives the packs that must not go, for what points that stay are immutable now: they
    /// may have become so since the set was condemned.</param>
    /// <exception cref="RepositoryDamagedException">A point or node cannot be read, or something needed has no complete
    /// copy.</exception>
    public async Task<CollectionSet> MakeAsync(
        CollectionSet condemned, Func<PackSet, CancellationToken, Task<BadCopies>> findDamaged,
        Func<IReadOnlyCollection<SessionId>, Stock, Task<HashSet<PackName>>> findImmutable, CancellationToken token)
    {
        List<SessionId> staying =
            [.. (await store.Points.ListAsync(token)).Where(point => !condemned.Contains(point))];
        PointRoots roots = await store.Points.ReadRootsAsync(staying, token);
        HashSet<PackName> packs = await store.ListPacksAsync(token);
        ParityGroups groups = await ParityGroups.ReadAsync(store, packs, token);
        (Stock stock, NeededIds needed) = await survey.RunAsync(packs, roots, token);
        CopyRanks ranks = RanksOf(stock.Packs, condemned, await findDamaged(stock.Packs, token));
        CopyChoice choice = new(stock, needed, ranks, survey.Workshop);
        choice.Run(_ => { }, token);
        HashSet<PackName> immutable = await findImmutable(staying, stock);
        HashSet<PackName> going = groups.WholeOnly(condemned.Packs.Where(pack =>
            stock.Packs.NumberOf(pack) is >= 0 and int number && choice.LiveBytes[number] == 0
            && !immutable.Contains(pack)));
        CollectionSet retired = new(
            condemned.Number,
            condemned.Points,
            [.. going, .. groups.FilesOf(going).Concat(groups.Garbage).Where(condemned.Contains)]);
        if (retired.Packs.Count > 0)
        {
            await RequireWholeAsync(stock.Packs, choice, token);
            await PackFolders.FlushAsync(
                store.Store, stock.Packs.Names.Where((_, number) => choice.LiveBytes[number] > 0), token);
        }

        return retired;
    }

    /// <summary>What a pack holds may be known from long ago, or from where the repository was copied from: each
    /// that is counted on must be as long as it was then; and one of which records are counted on that another pack
    /// holds too, which may go for that, must still have its header and footer.</summary>
    private async Task RequireWholeAsync(PackSet packs, CopyChoice choice, CancellationToken token)
    {
        for (int number = 0; number < packs.Count; number++)
        {
            PackName pack = packs.Names[number];
            long lengthBytes = packs.LengthBytes[number];
            bool isPreferred = choice.IsPreferred[number];
            if (choice.LiveBytes[number] > 0
                && !await IsWholeAsync(pack, pack.BlobName, lengthBytes, isPreferred, token)
                && (pack.Kind == PackKind.Chunks
                    || !await IsWholeAsync(pack, pack.MirrorBlobName, lengthBytes, isPreferred, token)))
            {
                throw new RepositoryDamagedException(
                    $"Pack {pack} is not what it was: nothing is collected before 'verify' has seen it.");
            }
        }
    }

    private async Task<bool> IsWholeAsync(
        PackName pack, string name, long lengthBytes, bool opensIt, CancellationToken token)
    {
        try
        {
            return await store.Store.TryGetLengthAsync(new BlobName(name), token) == lengthBytes
                && (!opensIt
                    || await PackFile.TryOpenAsync(store.Store, store.Repository, pack, name, token) is not null);
        }
        catch (PackDamagedException)
        {
            return false;
        }
    }

    /// <summary>Packs that are not condemned come first: where all of a chunk is in them, no other is kept for it.
    /// </summary>
    private static CopyRanks RanksOf(
        PackSet packs, CollectionSet condemned, BadCopies damaged)
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
