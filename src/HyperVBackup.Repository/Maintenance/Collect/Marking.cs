using HyperVBackup.Format;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Records;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>
/// Finds all that restore points reach, level by level from the tops: the nodes of a level are sorted, so that each is
/// read once however many points share it, and in the order in which it lies. Used once.
/// </summary>
internal sealed class Marking(Stock stock, ContentHasher hasher, Workshop workshop)
{
    private readonly NamesReader names = new(stock.Facts);

    /// <param name="nodesMarked">Told how many nodes were marked.</param>
    /// <exception cref="RepositoryDamagedException">A node or list that is needed has no good copy.</exception>
    /// <exception cref="FactsDamagedException">The file of facts is to be made anew.</exception>
    public NeededIds Run(PointRoots roots, Action<long> nodesMarked, CancellationToken token)
    {
        NeededIds needed = new(roots, workshop);
        try
        {
            MarkNodes(needed, nodesMarked, token);
            MarkLists(needed, token);
            return needed;
        }
        catch
        {
            needed.Dispose();
            throw;
        }
    }

    private void MarkNodes(NeededIds needed, Action<long> nodesMarked, CancellationToken token)
    {
        long count = 0;
        Sorter<Digest> nodes = workshop.NewIds();
        for (int level = FormatLimits.LevelMax; level > 0; level--)
        {
            Sorter<Digest> children = level == 1 ? needed.Chunks : workshop.NewIds();
            foreach ((_, NodeId top) in needed.Roots.Tops.Where(top => top.Level == level))
            {
                nodes.Add(top.Value);
            }

            using (nodes)
            using (Sorter<NamesPlace> places = Find(nodes, "map node", RecordType.Node, token))
            {
                foreach (NamesPlace place in places.Read())
                {
                    needed.Maps.Add(place.Id);
                    AddChildren(place, level, children);
                    Tell(++count, nodesMarked, token);
                }
            }

            nodes = children;
        }
    }

    private void MarkLists(NeededIds needed, CancellationToken token)
    {
        using Sorter<Digest> heads = workshop.NewIds();
        foreach (ListId head in needed.Roots.Heads)
        {
            heads.Add(head.Value);
            needed.Maps.Add(head.Value);
        }

        foreach (ListId file in needed.Roots.Files)
        {
            needed.Maps.Add(file.Value);
        }

        using Sorter<NamesPlace> places = Find(heads, "list", RecordType.List, token);
        foreach (NamesPlace place in places.Read())
        {
            ReadOnlySpan<byte> segments = names.Read(place);
            for (; !segments.IsEmpty; segments = segments[Digest.SizeBytes..])
            {
                needed.Maps.Add(new Digest(segments[..Digest.SizeBytes]));
            }
        }
    }

    private Sorter<NamesPlace> Find(Sorter<Digest> ids, string what, RecordType type, CancellationToken token)
    {
        Sorter<NamesPlace> places = workshop.NewSorter<NamesPlace>();
        if (ids.IsEmpty)
        {
            return places;
        }

        foreach ((Digest id, List<StoredRecord> records) in Matching.Of(ids.Read(), stock.Maps.Read(), token))
        {
            int found = records.FindIndex(record => record.Type == type);
            if (found < 0)
            {
                places.Dispose();
                throw new RepositoryDamagedException(
                    $"The {what} {id} that restore points need has no good copy: nothing is collected before "
                    + "'verify' is content.");
            }

            places.Add(new NamesPlace(records[found].NamesAtBytes, records[found].NamesLengthBytes, id));
        }

        return places;
    }

    /// <summary>Adds the ids of a node's children, once its own was held against them.</summary>
    private void AddChildren(in NamesPlace place, int level, Sorter<Digest> children)
    {
        ReadOnlySpan<byte> hashed = names.Read(place);
        if (hasher.IdOfNode(hashed).Value != place.Id)
        {
            throw new FactsDamagedException($"The file of facts is wrong about node {place.Id}.");
        }

        ReadOnlySpan<byte> ids = MapNode.ChildrenOf(hashed, level);
        for (; !ids.IsEmpty; ids = ids[Digest.SizeBytes..])
        {
            children.Add(new Digest(ids[..Digest.SizeBytes]));
        }
    }

    private static void Tell(long count, Action<long> nodesMarked, CancellationToken token)
    {
        const long CountBetween = 4096;
        if (count % CountBetween == 0)
        {
            token.ThrowIfCancellationRequested();
            nodesMarked(count);
        }
    }
}
