using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Packs;

namespace HyperVBackup.Repository.Maintenance;

/// <summary>
/// Looks for other copies of chunks that are not good where maps say, and, where there is none, for what is to blame:
/// the place itself, or, where a sound recipe lies there or elsewhere, the records that it names in vain. Used once.
/// </summary>
internal sealed class CopySearch(
    PackListing packs, FooterSections footers, GatheredCopies copies, ContentHasher hasher, DamageLog damage,
    int chunkSizeBytes)
{
    private readonly ChunkReader reader = new(copies, hasher);
    private readonly byte[] chunk = new byte[chunkSizeBytes];

    /// <param name="missing">Chunks, and the hints that failed.</param>
    /// <returns>Those without a complete copy, and what is to blame for each.</returns>
    public async Task<Dictionary<ChunkId, List<Fault>>> RunAsync(
        Dictionary<ChunkId, RecordPlace> missing, CancellationToken token)
    {
        if (missing.Count == 0)
        {
            return [];
        }

        Dictionary<ChunkId, RecordPlace> lost = new(missing);
        await foreach ((PackName pack, PackTable table) in packs.ChunkPacksAsync(token))
        {
            foreach (ChunkId id in missing.Keys.Where(id => damage.HasGood(pack, table, id)))
            {
                lost.Remove(id);
            }
        }

        // What footers do not show may be good all the same: they may be damaged themselves.
        do
        {
            foreach ((ChunkId id, RecordPlace place) in lost.ToArray())
            {
                if (await IsReadableAsync(id, place, token))
                {
                    lost.Remove(id);
                }
            }
        }
        while (await copies.GatherAsync(token));
        return lost.Count == 0 ? [] : await FindFaultsAsync(lost, token);
    }

    private async ValueTask<bool> IsReadableAsync(ChunkId id, RecordPlace place, CancellationToken token)
    {
        try
        {
            await reader.ReadAsync(id, place, chunk, token);
            return true;
        }
        catch (RepositoryDamagedException)
        {
            return false;
        }
    }

    private async Task<Dictionary<ChunkId, List<Fault>>> FindFaultsAsync(
        Dictionary<ChunkId, RecordPlace> lost, CancellationToken token)
    {
        Dictionary<ChunkId, List<RecipeSource>> named = [];
        HashSet<ChunkId> placesWithRecipe = [];
        await foreach ((PackName pack, PackTable table) in packs.ChunkPacksAsync(token))
        {
            foreach ((ChunkId id, RecordPlace place) in lost.Where(chunk => table.TryFind(chunk.Key.Value, out _)))
            {
                if (await footers.TryFindRecipeAsync(
                    pack, id, entry => damage.IsGood(pack, entry.OffsetBytes), token) is Recipe recipe)
                {
                    named.TryAdd(id, []);
                    named[id].AddRange(Enumerable.Range(0, recipe.SourceCount).Select(recipe.SourceAt));
                    _ = place.Pack == pack && placesWithRecipe.Add(id);
                }
            }
        }

        Dictionary<Digest, List<Fault>?> bad = await FindBadAsync([.. named.Values.SelectMany(list => list)], token);
        Dictionary<ChunkId, List<Fault>> faults = [];
        foreach ((ChunkId id, RecordPlace place) in lost)
        {
            List<Fault> found = faults[id] =
                [.. named.GetValueOrDefault(id, []).SelectMany(source => bad[source.DataId] ?? [])];
            if (found.Count == 0 || !placesWithRecipe.Contains(id))
            {
                found.Add(new Fault(
                    place.IsUnknown ? "packs" : place.Pack.BlobName, place.OffsetBytes,
                    $"chunk {id} has no good copy"));
            }
        }

        return faults;
    }

    /// <returns>For each record where its bad copies lie, or, if there is none, where one should; null where a good
    /// one is.</returns>
    private async Task<Dictionary<Digest, List<Fault>?>> FindBadAsync(
        List<RecipeSource> sources, CancellationToken token)
    {
        Dictionary<Digest, List<Fault>?> found = [];
        sources.ForEach(source => found.TryAdd(source.DataId, []));
        await foreach ((PackName pack, PackTable table) in packs.ChunkPacksAsync(token))
        {
            foreach (Digest id in found.Keys.ToArray())
            {
                foreach (PackEntry entry in table.FindAll(id).Where(entry => entry.Type == RecordType.Whole))
                {
                    if (damage.IsGood(pack, entry.OffsetBytes))
                    {
                        found[id] = null;
                    }

                    found[id]?.Add(new Fault(pack.BlobName, entry.OffsetBytes, $"record {id} has no good copy"));
                }
            }
        }

        foreach (RecipeSource source in sources)
        {
            if (found[source.DataId] is { Count: 0 } places)
            {
                places.Add(new Fault(
                    source.Hint.IsUnknown ? "packs" : source.Hint.Pack.BlobName, source.Hint.OffsetBytes,
                    $"record {source.DataId}, which chunks take pages from, has no good copy"));
            }
        }

        return found;
    }
}
