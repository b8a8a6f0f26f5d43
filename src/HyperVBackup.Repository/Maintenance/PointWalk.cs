using HyperVBackup.Format;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Maps;
using HyperVBackup.Repository.Packs;

namespace HyperVBackup.Repository.Maintenance;

/// <summary>
/// Holds every chunk that maps name against the packs' tables, and against what was found out about them. Nodes met
/// before are not walked again. One thread at a time.
/// </summary>
/// <param name="damage">What was found out.</param>
/// <param name="losses">Takes nodes that have no good copy.</param>
internal sealed class PointWalk(PackTables tables, DamageLog damage, DamageLog losses) : IPointVisitor
{
    private readonly HashSet<NodeId> seen = [];

    /// <summary>Chunks not found, or not good, where the map says; the hint that failed with each.</summary>
    public Dictionary<ChunkId, RecordPlace> Missing { get; } = [];

    /// <summary>What maps say of the packs.</summary>
    public HintedPacks Hinted { get; } = new();

    /// <summary>Whether a node had no good copy: what lies below it was seen for no point.</summary>
    public bool HasLostNode { get; private set; }

    public SessionId Point { get; set; }

    public void Need(RecordPlace place)
    {
        // Lists are read where they are found; nothing is kept of them.
    }

    public bool Enter(MapPart part) => seen.Add(part.Id);

    public ValueTask VisitNodeAsync(MapPart part, MapNode node, CancellationToken token) => ValueTask.CompletedTask;

    public async ValueTask VisitChunkAsync(long chunkIndex, MapChunk chunk, CancellationToken token)
    {
        RecordPlace place = chunk.Place;
        PackTable? table = place.IsUnknown ? null : await tables.TryGetAsync(place.Pack, token);
        if (table is not null)
        {
            Hinted.Compare(chunk.Id.Value, place, table);
        }

        if (table is null || !damage.HasGood(place.Pack, table, chunk.Id))
        {
            Missing.TryAdd(chunk.Id, place);
        }
    }

    /// <summary>The file and offset that the loss of a map record is put to.</summary>
    public static (string File, long OffsetBytes) BlamedFor(RecordPlace place) =>
        (place.IsUnknown ? "maps" : place.Pack.BlobName, place.OffsetBytes);

    public ValueTask ReportDamageAsync(MapPart part, CorruptDataException complaint, CancellationToken token)
    {
        HasLostNode = true;
        losses.AddLost(RecordType.Node, part.Id.Value);
        (string file, long offsetBytes) = BlamedFor(part.Place);
        losses.Add(
            file, offsetBytes,
            $"map node {part.Id} of bytes {part.StartBytes} to {part.EndBytes} of a disk has no good copy", Point);
        return ValueTask.CompletedTask;
    }
}
