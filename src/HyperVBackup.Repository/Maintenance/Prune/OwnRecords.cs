using HyperVBackup.Format;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Maps;

namespace HyperVBackup.Repository.Maintenance.Prune;

/// <summary>
/// Sums up the records that maps reach and that others do not reach at the same place of the disk. Subtrees that
/// another map holds too are skipped without reading them. Memory is O(height). Not thread-safe.
/// </summary>
internal sealed class OwnRecords(INodeSource nodes, FooterSections footers, int chunkSizeBytes)
{
    private const int CopyCount = 2;

    /// <summary>Records of chunks: whole ones and recipes, with the records that recipes take pages from.</summary>
    public long ChunkBytes { get; private set; }

    /// <summary>Nodes and lists, both copies.</summary>
    public long MapBytes { get; private set; }

    /// <summary>Adds what <paramref name="map"/> reaches and none of <paramref name="others"/> does there.</summary>
    /// <exception cref="CorruptDataException">A node cannot be read; what was read before it was added.</exception>
    public ValueTask AddAsync(DiskMap map, IReadOnlyCollection<DiskMap> others, CancellationToken token)
    {
        Subtree[] tops = [.. others.Select(other => new Subtree(other.TopReference, other.Height))];
        return AddAsync(
            new Subtree(map.TopReference, map.Height), tops, others.Append(map).Max(each => each.Height), token);
    }

    /// <summary>Adds a list, without reading more of it than its head.</summary>
    /// <exception cref="CorruptDataException">Its head cannot be read.</exception>
    public async ValueTask AddAsync(ListReference list, CancellationToken token)
    {
        if (list.Head.IsZero)
        {
            return; // an empty list is nowhere
        }

        MapBytes += CopyCount * (long)list.Place.LengthBytes;
        if (list.Kind == ListKind.ConfigurationFile)
        {
            return;
        }

        ListSegments segments = new(list, nodes);
        while (await segments.MoveNextAsync(token))
        {
            MapBytes += CopyCount * (long)segments.Current.Place.LengthBytes;
        }
    }

    private async ValueTask AddAsync(Subtree own, Subtree[] others, int level, CancellationToken token)
    {
        if (own.Reference.IsZero || others.Any(other => other.HoldsSameAs(own)))
        {
            return;
        }

        if (level == 0)
        {
            await AddChunkAsync(own.Reference, others, token);
            return;
        }

        if (own.Level == level)
        {
            MapBytes += CopyCount * LengthOf(own.Reference.Place, MapNode.SizeMaxBytes);
        }

        Subtree[] children = await ExpandAsync(own, level, token);
        Subtree[][] theirs = new Subtree[others.Length][];
        for (int index = 0; index < others.Length; index++)
        {
            theirs[index] = await ExpandAsync(others[index], level, token);
        }

        for (int slot = 0; slot < TreeShape.FanOut; slot++)
        {
            if (!children[slot].Reference.IsZero)
            {
                await AddAsync(children[slot], [.. theirs.Select(other => other[slot])], level - 1, token);
            }
        }
    }

    private async ValueTask<Subtree[]> ExpandAsync(Subtree subtree, int level, CancellationToken token)
    {
        Subtree[] children = new Subtree[TreeShape.FanOut];
        await subtree.ExpandAsync(level, nodes, children, token);
        return children;
    }

    private async ValueTask AddChunkAsync(ChildReference own, Subtree[] others, CancellationToken token)
    {
        Dictionary<Digest, long> records = await RecordsOfAsync(own, token);
        foreach (ChildReference other in others.Select(other => other.Reference).Where(other => !other.IsZero))
        {
            foreach (Digest id in (await RecordsOfAsync(other, token)).Keys)
            {
                records.Remove(id);
            }
        }

        ChunkBytes += records.Values.Sum();
    }

    /// <summary>The records that a chunk is read from, and their lengths.</summary>
    private async ValueTask<Dictionary<Digest, long>> RecordsOfAsync(ChildReference chunk, CancellationToken token)
    {
        Dictionary<Digest, long> records = new() { [chunk.Id] = LengthOf(chunk.Place, chunkSizeBytes) };
        Recipe? recipe = chunk.Place.IsUnknown
            ? null
            : await footers.TryFindRecipeAsync(chunk.Place.Pack, new ChunkId(chunk.Id), _ => true, token);
        for (int number = 0; number < (recipe?.SourceCount ?? 0); number++)
        {
            RecipeSource source = recipe!.SourceAt(number);
            records[source.DataId] = LengthOf(source.Hint, chunkSizeBytes);
        }

        return records;
    }

    /// <summary>The length of a record; the most it can be where that is not known.</summary>
    private static long LengthOf(RecordPlace place, int plainLengthMaxBytes) => place.IsUnknown
        ? PlainRecord.WrittenSizeMax(plainLengthMaxBytes)
        : place.LengthBytes;
}
