using HyperVBackup.Format;
using HyperVBackup.Format.Records;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>
/// Chooses a complete copy of everything that is needed: a whole record, or a recipe and a record of each data id it
/// names. What was chosen is complete within the packs chosen from, all of them together, whatever the ranks are: so
/// all other packs can go. Used once.
/// </summary>
/// <remarks>Each chunk's copy is the one whose worst part has the best rank. A data id has one best record, for all
/// that name it, so parts of two copies are never mixed.</remarks>
internal sealed class CopyChoice(Stock stock, NeededIds needed, CopyRanks ranks, Workshop workshop)
{
    /// <summary>For each pack the bytes of records chosen from it.</summary>
    public long[] LiveBytes { get; } = new long[stock.Packs.Count];

    /// <summary>For each pack whether a record of it was chosen that stands elsewhere too.</summary>
    public bool[] IsPreferred { get; } = new bool[stock.Packs.Count];

    /// <param name="live">Told each record chosen, once, in no order.</param>
    /// <exception cref="RepositoryDamagedException">Something needed has no complete copy.</exception>
    public void Run(Action<StoredRecord> live, CancellationToken token)
    {
        ChooseWhole(needed.Maps, stock.Maps, record => Choose(record, live), token);
        using Sorter<Digest> wholes = workshop.NewIds();
        using Sorter<Digest> open = workshop.NewIds();
        foreach ((Digest id, List<StoredRecord> records) in
            Matching.Of(needed.Chunks, stock.Chunks.Read(), token))
        {
            RequireAny(id, records);
            if (records.Exists(IsRecipe))
            {
                open.Add(id);
            }
        }

        if (!open.IsEmpty)
        {
            using Sorter<SourceRank> sources = RankSources(open, token);
            ChooseRecipes(open, sources, wholes, record => Choose(record, live), token);
        }

        IEnumerable<Digest> closed = SortedIds.Except(needed.Chunks, open.Read());
        ChooseWhole(SortedIds.Union(closed, wholes.Read()), stock.Chunks, record => Choose(record, live), token);
    }

    private static bool IsRecipe(StoredRecord record) => record.Type == RecordType.Delta;

    private static void RequireAny(Digest id, List<StoredRecord> records)
    {
        if (records.Count == 0)
        {
            throw Lost(id);
        }
    }

    private static RepositoryDamagedException Lost(Digest id) => new(
        $"{id}, which restore points need, has no complete copy: nothing is collected before 'verify' is content.");

    private void Choose(in StoredRecord record, Action<StoredRecord> live)
    {
        LiveBytes[record.Pack] += record.LengthBytes;
        live(record);
    }

    /// <summary>The best record of each id that is no recipe.</summary>
    private void ChooseWhole(
        IEnumerable<Digest> ids, Sorter<StoredRecord> stored, Action<StoredRecord> choose, CancellationToken token)
    {
        foreach ((Digest id, List<StoredRecord> records) in Matching.Of(ids, stored.Read(), token))
        {
            StoredRecord best = BestWhole(records) ?? throw Lost(id);
            IsPreferred[best.Pack] |= records.Count > 1;
            choose(best);
        }
    }

    private StoredRecord? BestWhole(List<StoredRecord> records)
    {
        StoredRecord? best = null;
        foreach (StoredRecord record in records)
        {
            if (!IsRecipe(record) && (best is null || ranks.Of(record) < ranks.Of(best.Value)))
            {
                best = record;
            }
        }

        return best;
    }

    /// <summary>For each source of each recipe of these chunks, the rank of its best record.</summary>
    private Sorter<SourceRank> RankSources(Sorter<Digest> chunks, CancellationToken token)
    {
        using Sorter<SourceByDataId> uses = workshop.NewSorter<SourceByDataId>();
        using Sorter<Digest> dataIds = workshop.NewIds();
        foreach (SourceUse use in SourcesInUse.Of(chunks.Read(), stock.Sources))
        {
            uses.Add(new SourceByDataId(use));
            dataIds.Add(use.DataId);
        }

        Sorter<SourceRank> ranked = workshop.NewSorter<SourceRank>();
        using IEnumerator<SourceByDataId> next = uses.Read().GetEnumerator();
        bool hasNext = next.MoveNext();
        foreach ((Digest id, List<StoredRecord> records) in
            Matching.Of(dataIds.Read(), stock.Chunks.Read(), token))
        {
            int rank = BestWhole(records) is StoredRecord best ? ranks.Of(best) : SourceRank.None;
            for (; hasNext && next.Current.Use.DataId == id; hasNext = next.MoveNext())
            {
                ranked.Add(new SourceRank(next.Current.Use, rank));
            }
        }

        return ranked;
    }

    private void ChooseRecipes(
        Sorter<Digest> chunks, Sorter<SourceRank> sources, Sorter<Digest> wholes, Action<StoredRecord> choose,
        CancellationToken token)
    {
        using IEnumerator<SourceRank> next = sources.Read().GetEnumerator();
        bool hasNext = next.MoveNext();
        List<SourceRank> own = [];
        foreach ((Digest id, List<StoredRecord> records) in
            Matching.Of(chunks.Read(), stock.Chunks.Read(), token))
        {
            own.Clear();
            for (; hasNext && next.Current.Use.ChunkId == id; hasNext = next.MoveNext())
            {
                own.Add(next.Current);
            }

            StoredRecord chosen = ChooseCopy(id, records, own);
            IsPreferred[chosen.Pack] |= records.Count > 1;
            if (!IsRecipe(chosen))
            {
                wholes.Add(id);
                continue;
            }

            choose(chosen);
            own.FindAll(source => IsOf(source, chosen)).ForEach(source => wholes.Add(source.Use.DataId));
        }
    }

    /// <summary>The copy whose worst part is best; of those the recipe that is.</summary>
    private StoredRecord ChooseCopy(Digest id, List<StoredRecord> records, List<SourceRank> sources)
    {
        (StoredRecord? best, (int, int) bestRank) = (null, (SourceRank.None, SourceRank.None));
        foreach (StoredRecord record in records)
        {
            int own = ranks.Of(record);
            int worst = own;
            foreach (SourceRank source in sources.Where(source => IsRecipe(record) && IsOf(source, record)))
            {
                worst = Math.Max(worst, source.Rank);
            }

            if (worst != SourceRank.None && (best is null || (worst, own).CompareTo(bestRank) < 0))
            {
                (best, bestRank) = (record, (worst, own));
            }
        }

        return best ?? throw Lost(id);
    }

    private static bool IsOf(in SourceRank source, in StoredRecord recipe) =>
        source.Use.Pack == recipe.Pack && source.Use.OffsetBytes == recipe.OffsetBytes;
}
