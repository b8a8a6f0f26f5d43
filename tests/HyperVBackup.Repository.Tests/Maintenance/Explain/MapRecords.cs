using HyperVBackup.Format;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maps;
using HyperVBackup.Repository.Tests.Sessions;

namespace HyperVBackup.Repository.Tests.Maintenance.Explain;

/// <summary>All nodes and lists that a restore point reaches, walked one by one.</summary>
internal sealed class MapRecords : IMapVisitor
{
    private readonly HashSet<Digest> ids = [];

    public static async Task<HashSet<Digest>> OfAsync(SampleRepository sample, RestorePoint point)
    {
        MapRecords records = new();
        foreach (DiskPoint disk in point.Disks)
        {
            await new DiskMapWalker(sample.Repository.Nodes).WalkAsync(DiskMap.Of(disk), records, default);
            foreach (ListReference list in disk.Lists.Where(list => !list.Head.IsZero))
            {
                records.ids.Add(list.Head.Value);
                byte[] head = await sample.Repository.Nodes.ReadListAsync(list.Head, list.Place, default);
                records.ids.UnionWith(ListHead.Read(list.Kind, head).Select(segment => segment.Id.Value));
            }
        }

        records.ids.UnionWith(point.ConfigurationFiles.Select(file => file.Head.Value));
        return records.ids;
    }

    public bool Enter(MapPart part) => true;

    public ValueTask VisitNodeAsync(MapPart part, MapNode node, CancellationToken token)
    {
        ids.Add(part.Id.Value);
        return ValueTask.CompletedTask;
    }

    public ValueTask VisitChunkAsync(long chunkIndex, MapChunk chunk, CancellationToken token) =>
        ValueTask.CompletedTask;

    public ValueTask ReportDamageAsync(MapPart part, CorruptDataException damage, CancellationToken token) =>
        throw damage;
}
