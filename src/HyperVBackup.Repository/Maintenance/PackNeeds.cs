using HyperVBackup.Format;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Maps;

namespace HyperVBackup.Repository.Maintenance;

/// <summary>Finds the packs that restore points need, by the places that maps, lists and recipes name; and what does
/// not lie there. One thread at a time.</summary>
internal sealed class PackNeeds(FooterSections footers) : IPointVisitor
{
    private readonly HashSet<NodeId> seen = [];

    /// <summary>Ids of chunks, and of records that recipes name, that are not where they are said to be.</summary>
    private HashSet<Digest> missing = [];

    public SessionId Point { get; set; }

    public HashSet<PackName> Packs { get; } = [];

    public void Need(RecordPlace place)
    {
        if (!place.IsUnknown)
        {
            Packs.Add(place.Pack);
        }
    }

    public bool Enter(MapPart part) => seen.Add(part.Id);

    public ValueTask VisitNodeAsync(MapPart part, MapNode node, CancellationToken token)
    {
        Need(part.Place);
        return ValueTask.CompletedTask;
    }

    public async ValueTask VisitChunkAsync(long chunkIndex, MapChunk chunk, CancellationToken token)
    {
        RecordPlace place = chunk.Place;
        await NeedAsync(chunk.Id.Value, place, token);
        if (!place.IsUnknown
            && await footers.TryFindRecipeAsync(place.Pack, chunk.Id, _ => true, token) is Recipe recipe)
        {
            await NeedSourcesAsync(recipe, token);
        }
    }

    /// <summary>Finds the packs of what is not where it is said to be, and of what recipes found so take pages from.
    /// </summary>
    public async Task FindMissingAsync(PackListing listing, CancellationToken token)
    {
        HashSet<Digest> searched = [];
        while (missing.Count > 0)
        {
            HashSet<Digest> wanted = missing;
            missing = [];
            searched.UnionWith(wanted);
            await foreach ((PackName pack, PackTable table) in listing.ChunkPacksAsync(token))
            {
                foreach (Digest id in wanted.Where(id => table.TryFind(id, out _)))
                {
                    Packs.Add(pack);
                    if (await footers.TryFindRecipeAsync(pack, new ChunkId(id), _ => true, token) is Recipe recipe)
                    {
                        await NeedSourcesAsync(recipe, token);
                    }
                }
            }

            missing.ExceptWith(searched);
        }
    }

    /// <summary>What cannot be read is told when everything is checked.</summary>
    public ValueTask ReportDamageAsync(MapPart part, CorruptDataException complaint, CancellationToken token) =>
        ValueTask.CompletedTask;

    private async ValueTask NeedSourcesAsync(Recipe recipe, CancellationToken token)
    {
        for (int number = 0; number < recipe.SourceCount; number++)
        {
            RecipeSource source = recipe.SourceAt(number);
            await NeedAsync(source.DataId, source.Hint, token);
        }
    }

    private async ValueTask NeedAsync(Digest id, RecordPlace place, CancellationToken token)
    {
        Need(place);
        bool isThere = !place.IsUnknown
            && await footers.Tables.TryGetAsync(place.Pack, token) is PackTable table
            && table.TryFind(id, out _);
        if (!isThere)
        {
            missing.Add(id);
        }
    }
}
