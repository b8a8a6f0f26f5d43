using HyperVBackup.Format;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Packs;
using HyperVBackup.Repository.Maps;
using HyperVBackup.Repository.Packs;

namespace HyperVBackup.Repository.Maintenance;

/// <summary>
/// Walks the maps of restore points and holds every chunk they name against the packs' tables. Nodes met before are
/// not walked again.
/// </summary>
internal sealed class PointWalk(PackTables tables, DamageLog damage, HashSet<NodeId> seen) : IMapVisitor
{
    /// <summary>Chunks not found, or not good, where the map says; the hint that failed with each.</summary>
    public Dictionary<ChunkId, RecordPlace> Missing { get; } = [];

    /// <summary>Packs that hold what was walked.</summary>
    public HashSet<PackName> PacksNeeded { get; } = [];

    /// <summary>Whether a node had no good copy: what lies below it was seen for no point.</summary>
    public bool HasLostNode { get; private set; }

    /// <summary>The point whose maps are walked now.</summary>
    public SessionId Point { get; set; }

    /// <summary>Notes that what is walked lies at a place, if it is known.</summary>
    public void Need(RecordPlace place)
    {
        if (!place.IsUnknown)
        {
            PacksNeeded.Add(place.Pack);
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
        Need(place);

        bool isThere = !place.IsUnknown
            && await tables.TryGetAsync(place.Pack, token) is PackTable table
            && damage.HasGood(place.Pack, table, chunk.Id);
        if (!isThere)
        {
            Missing.TryAdd(chunk.Id, place);
        }
    }

    public ValueTask ReportDamageAsync(MapPart part, CorruptDataException complaint, CancellationToken token)
    {
        HasLostNode = true;
        string file = part.Place.IsUnknown ? "maps" : part.Place.Pack.BlobName;
        damage.Add(
            file, part.Place.OffsetBytes,
            $"map node {part.Id} of bytes {part.StartBytes} to {part.EndBytes} of a disk has no good copy", Point);
        return ValueTask.CompletedTask;
    }
}
