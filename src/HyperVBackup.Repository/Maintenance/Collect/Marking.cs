using HyperVBackup.Format;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Maintenance.Collect.Marks;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>
/// Finds all that restore points reach, from what was reached by others: each root, node and list that came names its
/// children once more, and each that went once less. Level by level from the tops: the nodes of a level are sorted, so
/// that each is read once however many points share it, and in the order in which it lies. Only those are read that
/// are needed now and were not, or the reverse; so from nothing, all is found. Used once.
/// </summary>
internal sealed class Marking(Stock stock, ContentHasher hasher, Workshop workshop, MarksFolder folder)
{
    private readonly NamesReader names = new(stock.Facts);
    private long nodeCount;

    /// <param name="before">Nothing, or what was found before.</param>
    /// <param name="nodesRead">Told how many nodes were read.</param>
    /// <exception cref="RepositoryDamagedException">A node or list that is needed has no good copy.</exception>
    /// <exception cref="FactsDamagedException">The file of facts is to be made anew.</exception>
    /// <exception cref="MarksUnusableException">It does not lead there from what was found before.</exception>
    /// <exception cref="IOException">There is no room.</exception>
    public NeededIds Run(NeededIds before, PointRoots now, Action<long> nodesRead, CancellationToken token)
    {
        RootChanges roots = new(before.Roots, now);
        using MarkUpdate chunks = new(before.ChunkMarks, workshop);
        using MarkUpdate maps = new(before.MapMarks, workshop);
        MarkNodes(roots, chunks, maps, nodesRead, token);
        MarkLists(roots, maps, token);
        MarkedIds neededChunks = chunks.Finish(folder, token);
        try
        {
            return new NeededIds(now, neededChunks, maps.Finish(folder, token), before.MarkingCount + 1);
        }
        catch
        {
            neededChunks.Dispose();
            throw;
        }
    }

    private void MarkNodes(
        RootChanges roots, MarkUpdate chunks, MarkUpdate maps, Action<long> nodesRead, CancellationToken token)
    {
        WeighedSorter<Mark> steps = workshop.NewSteps();
        for (int level = FormatLimits.LevelMax; level > 0; level--)
        {
            WeighedSorter<Mark> children = workshop.NewSteps();
            using (steps)
            {
                Add(roots.TopsOf(level), steps);
                using WeighedSorter<NamesPlace> places = Find(maps.Apply(steps), "map node", RecordType.Node, token);
                foreach (NamesPlace place in places.Read())
                {
                    AddChildren(place, level, children);
                    Tell(nodesRead, token);
                }
            }

            steps = children;
        }

        using (steps)
        {
            foreach (TurnedId _ in chunks.Apply(steps))
            {
                token.ThrowIfCancellationRequested();
            }
        }

        nodesRead(nodeCount);
    }

    /// <summary>Each head that came or went is read: which do, their roots say.</summary>
    private void MarkLists(RootChanges roots, MarkUpdate maps, CancellationToken token)
    {
        using WeighedSorter<Mark> steps = workshop.NewSteps();
        Add(roots.Heads, steps);
        Add(roots.Files, steps);
        using WeighedSorter<NamesPlace> places =
            Find(roots.Heads.OrderBy(head => head.Id), "list", RecordType.List, token);
        foreach (NamesPlace place in places.Read())
        {
            Add(names.Read(place), place.By, steps);
        }

        foreach (TurnedId _ in maps.Apply(steps))
        {
            token.ThrowIfCancellationRequested();
        }
    }

    /// <param name="turned">Ascending.</param>
    private WeighedSorter<NamesPlace> Find(
        IEnumerable<TurnedId> turned, string what, RecordType type, CancellationToken token)
    {
        WeighedSorter<NamesPlace> places = new(workshop.NewSorter<NamesPlace>());
        try
        {
            SortedCursor<StoredRecord> records = new(stock.Maps);
            SortedCursor<StoredRecord> gone = new(stock.GoneMaps);
            foreach ((Digest id, int by) in turned)
            {
                token.ThrowIfCancellationRequested();
                StoredRecord record = TryFind(records, id, type)
                    ?? (by > 0 ? throw Lost(what, id) : TryFind(gone, id, type) ?? throw Gone(what, id));
                places.Add(new NamesPlace(record.NamesAtBytes, record.NamesLengthBytes, id, by));
            }

            return places;
        }
        catch
        {
            places.Dispose();
            throw;
        }
    }

    private static StoredRecord? TryFind(SortedCursor<StoredRecord> records, Digest id, RecordType type)
    {
        for (records.SkipTo(id); records.HasCurrent && records.Current.Id == id; records.MoveNext())
        {
            if (records.Current.Type == type)
            {
                return records.Current;
            }
        }

        return null;
    }

    /// <summary>Adds the ids of a node's children, once its own was held against them.</summary>
    private void AddChildren(in NamesPlace place, int level, WeighedSorter<Mark> children)
    {
        ReadOnlySpan<byte> hashed = names.Read(place);
        if (hasher.IdOfNode(hashed).Value != place.Id)
        {
            throw new FactsDamagedException($"The file of facts is wrong about node {place.Id}.");
        }

        try
        {
            Add(MapNode.ChildrenOf(hashed, level), place.By, children);
        }
        catch (CorruptDataException failure) when (place.By < 0)
        {
            throw new MarksUnusableException($"By the kept marks, {place.Id} is of another level.", failure);
        }
    }

    private static void Add(ReadOnlySpan<byte> ids, int by, WeighedSorter<Mark> steps)
    {
        for (; !ids.IsEmpty; ids = ids[Digest.SizeBytes..])
        {
            steps.Add(new Mark(new Digest(ids[..Digest.SizeBytes]), by));
        }
    }

    private static void Add(IEnumerable<TurnedId> roots, WeighedSorter<Mark> steps)
    {
        foreach ((Digest id, int by) in roots)
        {
            steps.Add(new Mark(id, by));
        }
    }

    private static RepositoryDamagedException Lost(string what, Digest id) => new(
        $"The {what} {id} that restore points need has no good copy: nothing is collected before 'verify' is content.");

    /// <summary>Other hosts have collected it, and this one has forgotten what it held.</summary>
    private static MarksUnusableException Gone(string what, Digest id) =>
        new($"The {what} {id} that points needed is gone.");

    private void Tell(Action<long> nodesRead, CancellationToken token)
    {
        const long CountBetween = 4096;
        if (++nodeCount % CountBetween == 0)
        {
            token.ThrowIfCancellationRequested();
            nodesRead(nodeCount);
        }
    }
}
