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

    public SessionId Point { get; set; }

    public HashSet<PackName> Packs { get; } = [];

    /// <summary>Ids of chunks, and of records that recipes name, that are not where they are said to be.</summary>
    public HashSet<Digest> Missing { get; } = [];

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
            for (int number = 0; number < recipe.SourceCount; number++)
            {
                RecipeSource source = recipe.SourceAt(number);
                await NeedAsync(source.DataId, source.Hint, token);
            }
        }
    }

    /// <summary>What cannot be read is told when everything is checked.</summary>
    public ValueTask ReportDamageAsync(MapPart part, CorruptDataException complaint, CancellationToken token) =>
        ValueTask.CompletedTask;

    private async ValueTask NeedAsync(Digest id, RecordPlace place, CancellationToken token)
    {
        Need(place);
        bool isThere = !place.IsUnknown
            && await footers.Tables.TryGetAsync(place.Pack, token) is PackTable table
            && table.TryFind(id, out _);
        if (!isThere)
        {
            Missing.Add(id);
        }
    }
}
