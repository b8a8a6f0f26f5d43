using HyperVBackup.Format;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Maps;
using HyperVBackup.Repository.Packs;

namespace HyperVBackup.Repository.Maintenance.Repair;

/// <summary>
/// Makes lost map nodes anew of the parent's map and a point's list of changes, and lost lists of changes of the two
/// maps. What comes out is taken only where it has the id that is wanted. One thread at a time.
/// </summary>
internal sealed class MapRebuild(
    BackupRepository repository, GatheredMaps maps, IReadOnlyCollection<RestorePoint> points)
{
    private readonly Dictionary<SessionId, RestorePoint> byId = points.ToDictionary(point => point.Id);

    /// <param name="wanted">Ids of nodes and lists.</param>
    /// <param name="found">Told what was made, and what of.</param>
    public async Task RunAsync(
        IReadOnlySet<Digest> wanted, Func<RecordType, Digest, byte[], string, Task> found, CancellationToken token)
    {
        Made made = new(maps, wanted);
        await maps.RunAsync(() => RunAsync(made, wanted.Count, token), token);

        foreach ((RecordType type, Digest id, byte[] plain) in made.All)
        {
            await found(type, id, plain, type == RecordType.Node ? "a list of changes" : "the maps");
        }
    }

    private async Task RunAsync(Made made, int wantedCount, CancellationToken token)
    {
        int before = -1;
        while (made.Count > before && made.Count < wantedCount)
        {
            before = made.Count;
            foreach (RestorePoint point in points.OrderBy(point => point.Sequence))
            {
                token.ThrowIfCancellationRequested();
                await RunAsync(point, made, token);
            }
        }
    }

    private async Task RunAsync(RestorePoint point, Made made, CancellationToken token)
    {
        foreach (DiskPoint disk in point.Disks)
        {
            DiskPoint? parent = byId.TryGetValue(disk.Parent, out RestorePoint? of) ? ParentOf(disk, of) : null;
            ListReference? list = FindChanges(disk);
            if (parent is null || list is null || parent.ChunkSizeBytes != disk.ChunkSizeBytes)
            {
                continue;
            }

            made.Point = point.Id;
            await TryAsync(() => FoldAsync(parent, disk, list.Value, made, token));
            await TryAsync(() => CompareAsync(parent, disk, made, token));
        }
    }

    private static DiskPoint? ParentOf(DiskPoint disk, RestorePoint parent) =>
        parent.Disks.FirstOrDefault(other => disk.Identity.Length > 0 && other.Identity == disk.Identity)
        ?? parent.Disks.FirstOrDefault(other =>
            string.Equals(other.Name, disk.Name, StringComparison.OrdinalIgnoreCase));

    private static ListReference? FindChanges(DiskPoint disk)
    {
        foreach (ListReference list in disk.Lists)
        {
            if (list.Kind == ListKind.Changes)
            {
                return list;
            }
        }

        return null;
    }

    private static async Task TryAsync(Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (Exception loss) when (loss is CorruptDataException or ArgumentException)
        {
            return; // what it takes is lost too, perhaps until another point gave it
        }
    }

    private async Task FoldAsync(
        DiskPoint parent, DiskPoint disk, ListReference list, Made made, CancellationToken token)
    {
        DiskMapWriter writer = new(DiskMap.Of(parent), disk.VirtualSizeBytes, made, made, repository.Hasher);
        if (!list.Head.IsZero)
        {
            ChangeListReader changes = new(list, made);
            while (await changes.MoveNextAsync(token))
            {
                await writer.SetAsync(changes.Current.ChunkIndex, changes.Current.Id, default, token);
            }
        }

        await writer.FinishAsync(token);
    }

    private async Task CompareAsync(DiskPoint parent, DiskPoint disk, Made made, CancellationToken token)
    {
        DiskMapDiff diff = new(DiskMap.Of(parent), DiskMap.Of(disk), made);
        ChangeListWriter changes = new(made, repository.Hasher);
        long chunkCount = DiskMap.Of(disk).ChunkCount;
        while (await diff.MoveNextAsync(token))
        {
            if (diff.Current.ChunkIndex < chunkCount)
            {
                await changes.AddAsync(new ChangedChunk(diff.Current.ChunkIndex, diff.Current.After), token);
            }
        }

        await changes.FinishAsync(token);
    }

    /// <summary>The repository's nodes and lists, with those that were made.</summary>
    private sealed class Made(GatheredMaps maps, IReadOnlySet<Digest> wanted) : INodeSource, IMapSink
    {
        private readonly Dictionary<Digest, (RecordType Type, byte[] Plain)> made = [];

        public int Count => made.Count;

        public SessionId Point { get; set; }

        public IEnumerable<(RecordType Type, Digest Id, byte[] Plain)> All =>
            made.Select(one => (one.Value.Type, one.Key, one.Value.Plain));

        public ValueTask<MapNode> ReadNodeAsync(NodeId id, byte level, RecordPlace hint, CancellationToken token) =>
            made.TryGetValue(id.Value, out (RecordType, byte[] Plain) own)
                ? ValueTask.FromResult(MapNode.Read(own.Plain))
                : maps.Reader.ReadNodeAsync(id, level, hint, token);

        public async ValueTask ReadRowsAsync(
            byte level, ReadOnlyMemory<NodeReference> nodes, Memory<byte> rows, CancellationToken token)
        {
            for (int index = 0; index < nodes.Length; index++)
            {
                NodeReference node = nodes.Span[index];
                NodeRows.Write(
                    await ReadNodeAsync(node.Id, level, node.Place, token),
                    rows.Span[(index * NodeRows.SizeBytes)..]);
            }
        }

        public ValueTask<byte[]> ReadListAsync(ListId id, RecordPlace hint, CancellationToken token) =>
            made.TryGetValue(id.Value, out (RecordType, byte[] Plain) own)
                ? ValueTask.FromResult(own.Plain)
                : maps.Reader.ReadListAsync(id, hint, token);

        public ValueTask<RecordPlace> WriteNodeAsync(NodeId id, MapNode node, CancellationToken token)
        {
            if (wanted.Contains(id.Value) && !made.ContainsKey(id.Value))
            {
                byte[] plain = new byte[MapNode.SizeMaxBytes];
                made[id.Value] = (RecordType.Node, plain[..node.WriteTo(plain)]);
            }

            return ValueTask.FromResult(default(RecordPlace));
        }

        /// <summary>The head of a list holds the places of its segments, as they were when it was made: those of the
        /// point's own session.</summary>
        public async ValueTask<RecordPlace> WriteListAsync(
            ListId id, ReadOnlyMemory<byte> body, CancellationToken token)
        {
            if (wanted.Contains(id.Value))
            {
                made[id.Value] = (RecordType.List, body.ToArray());
            }

            await foreach (RecordPlace place in maps.Copies.CopiesAsync(PackKind.Maps, id.Value, token))
            {
                if (place.Pack.Session == Point)
                {
                    return place;
                }
            }

            return default;
        }
    }
}
