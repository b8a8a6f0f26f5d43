using System.Collections.Concurrent;
using HyperVBackup.Format;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;

namespace HyperVBackup.Repository.Maintenance;

/// <summary>
/// Proves from footers alone that recipes make their chunks: a good record of each data id stands somewhere, and the
/// page hashes of those records, taken as the recipe says, give the chunk's id. First with the records where recipes
/// say they lie; then, for the others, wherever they are found. Packs may be proven side by side.
/// </summary>
internal sealed class RecipeProof(FooterSections footers, DamageLog damage, ContentHasher hasher)
{
    /// <summary>Pages of the chunks proven together, of which up to nine times as many hashes are held.</summary>
    private const int PagesPerSlice = 16 << 10;

    private readonly ConcurrentBag<Unproven> left = [];
    private readonly ConcurrentDictionary<Digest, bool> unfound = new();

    /// <summary>Proves the recipes of a pack whose records were checked, with records where they are said to lie.
    /// </summary>
    public async ValueTask RunAsync(PackName pack, CancellationToken token)
    {
        if (await footers.Tables.TryGetAsync(pack, token) is not PackTable table
            || !Enumerable.Range(0, table.Count).Any(index => table[index].Type == RecordType.Delta)
            || await footers.Recipes.TryGetAsync(pack, token) is not (_, { } recipes))
        {
            return; // nothing to prove, or nothing to prove it with
        }

        List<Unproven> slice = [];
        for (int index = 0; index < table.Count; index++)
        {
            PackEntry entry = table[index];
            if (entry.Type == RecordType.Delta && damage.IsGood(pack, entry.OffsetBytes))
            {
                slice.Add(new Unproven(pack, entry.OffsetBytes, entry.Id, recipes[index]));
                if (slice.Count * recipes[index].PageCount >= PagesPerSlice)
                {
                    await ProveAsync(slice, elsewhere: null, token);
                    slice.Clear();
                }
            }
        }

        await ProveAsync(slice, elsewhere: null, token);
        damage.AddProvenRecipes(pack);
    }

    /// <summary>Proves what is left, with records wherever they lie.</summary>
    public async Task RunLeftAsync(PackListing packs, CancellationToken token)
    {
        if (left.IsEmpty)
        {
            return;
        }

        Dictionary<Digest, PackName> elsewhere = [];
        await foreach ((PackName pack, PackTable table) in packs.ChunkPacksAsync(token))
        {
            foreach (Digest id in unfound.Keys.Where(id => TryFind(pack, table, id, out _)))
            {
                elsewhere.TryAdd(id, pack);
            }
        }

        foreach (Unproven[] slice in left.ToArray().Chunk(PagesPerSlice / FormatLimits.PagesPerChunkMax))
        {
            await ProveAsync(slice, elsewhere, token);
        }
    }

    private async ValueTask ProveAsync(
        IReadOnlyCollection<Unproven> slice, Dictionary<Digest, PackName>? elsewhere, CancellationToken token)
    {
        Dictionary<Digest, Digest[]> hashes = await ReadHashesAsync(slice, elsewhere, token);
        foreach (Unproven delta in slice)
        {
            if (FindSources(delta.Recipe, hashes) is not Digest[][] sources)
            {
                Leave(delta, hashes, isLast: elsewhere is not null);
            }
            else if (!IsMade(delta, sources))
            {
                damage.AddRecord(delta.Pack.BlobName, delta.OffsetBytes, "recipe: it does not make its chunk");
            }
        }
    }

    private void Leave(Unproven delta, Dictionary<Digest, Digest[]> hashes, bool isLast)
    {
        if (isLast)
        {
            damage.AddUnprovenRecipe(delta.Pack, delta.OffsetBytes);
            return;
        }

        left.Add(delta);
        for (int number = 0; number < delta.Recipe.SourceCount; number++)
        {
            Digest id = delta.Recipe.DataIdAt(number);
            if (!hashes.ContainsKey(id))
            {
                unfound.TryAdd(id, true);
            }
        }
    }

    /// <summary>The page hashes of all records that recipes name, pack by pack, so that each footer is read once.
    /// </summary>
    private async ValueTask<Dictionary<Digest, Digest[]>> ReadHashesAsync(
        IEnumerable<Unproven> slice, Dictionary<Digest, PackName>? elsewhere, CancellationToken token)
    {
        HashSet<(PackName Pack, Digest Id)> wanted = [];
        foreach (Recipe recipe in slice.Select(delta => delta.Recipe))
        {
            for (int number = 0; number < recipe.SourceCount; number++)
            {
                RecipeSource source = recipe.SourceAt(number);
                PackName other = default;
                bool isElsewhere = elsewhere?.TryGetValue(source.DataId, out other) ?? false;
                if (isElsewhere || !source.Hint.IsUnknown)
                {
                    wanted.Add((isElsewhere ? other : source.Hint.Pack, source.DataId));
                }
            }
        }

        Dictionary<Digest, Digest[]> hashes = [];
        foreach (IGrouping<PackName, (PackName Pack, Digest Id)> group in wanted.GroupBy(source => source.Pack))
        {
            if (await footers.Pages.TryGetAsync(group.Key, token) is not ({ } table, { } pages))
            {
                continue;
            }

            foreach (Digest id in group.Select(source => source.Id))
            {
                if (TryFind(group.Key, table, id, out int index))
                {
                    Digest[] found = new Digest[pages.PagesPerChunk];
                    pages.GetHashes(index, found);
                    if (hasher.IdOfPages(found).Value == id)
                    {
                        hashes[id] = found;
                    }
                }
            }
        }

        return hashes;
    }

    private bool TryFind(PackName pack, PackTable table, Digest id, out int index)
    {
        for (index = table.FirstFrom(id); index < table.Count && table[index].Id == id; index++)
        {
            if (table[index].Type == RecordType.Whole && damage.IsGood(pack, table[index].OffsetBytes))
            {
                return true;
            }
        }

        return false;
    }

    /// <returns>Null where a source is missing.</returns>
    private static Digest[][]? FindSources(Recipe recipe, Dictionary<Digest, Digest[]> hashes)
    {
        Digest[][] sources = new Digest[recipe.SourceCount][];
        for (int number = 0; number < sources.Length; number++)
        {
            if (!hashes.TryGetValue(recipe.DataIdAt(number), out Digest[]? found)
                || found.Length != recipe.PageCount)
            {
                return null;
            }

            sources[number] = found;
        }

        return sources;
    }

    private bool IsMade(Unproven delta, Digest[][] sources)
    {
        Digest[] pages = new Digest[delta.Recipe.PageCount];
        bool isHeld = true;
        for (int page = 0; page < pages.Length; page++)
        {
            RecipePage taken = delta.Recipe.PageAt(page);
            pages[page] = taken.IsZero ? default : sources[taken.Source][taken.Slot];
            isHeld &= taken.IsZero || !pages[page].IsZero; // a page of zeros is never taken from a record
        }

        return isHeld && hasher.IdOfPages(pages).Value == delta.Id;
    }

    /// <summary>A delta record, which is good itself; what it is worth is to be shown.</summary>
    private sealed record Unproven(PackName Pack, long OffsetBytes, Digest Id, Recipe Recipe);
}
