using HyperVBackup.Format;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maps;

namespace HyperVBackup.Repository.Maintenance.Repair;

/// <summary>Finds where restore points hold what is lost. One thread at a time.</summary>
internal sealed class LossSearch(GatheredMaps maps, IReadOnlyCollection<RestorePoint> points)
{
    private const int RangeCountMax = 100;
    private const int PlaceCountMax = 1000;

    /// <summary>The chunks, with the places where points hold them: of each, the first thousand.</summary>
    public async Task<List<WantedChunk>> FindAsync(IReadOnlySet<Digest> lost, CancellationToken token)
    {
        Dictionary<ChunkId, HashSet<WantedPlace>> places = [];
        await WalkAsync(
            lost, places.Clear,
            (point, disk, index, id) =>
            {
                if (!places.TryGetValue(id, out HashSet<WantedPlace>? of))
                {
                    places[id] = of = [];
                }

                _ = of.Count < PlaceCountMax && of.Add(new WantedPlace(point.VmName.ToString(), disk.Name, index));
            },
            (_, _, _) => { },
            token);
        return [.. places.Select(place => new WantedChunk(place.Key, [.. place.Value]))];
    }

    /// <summary>What of which disks cannot be restored.</summary>
    public async Task<List<TouchedDisk>> MeasureAsync(IReadOnlySet<Digest> lost, CancellationToken token)
    {
        Dictionary<(RestorePoint Point, string Disk), DifferentChunks> touched = [];
        await WalkAsync(
            lost, touched.Clear,
            (point, disk, index, _) => Of(point, disk).Add(index),
            (point, disk, part) =>
            {
                long endIndex = (part.EndBytes + disk.ChunkSizeBytes - 1) / disk.ChunkSizeBytes;
                for (long index = part.StartBytes / disk.ChunkSizeBytes; index < endIndex; index++)
                {
                    Of(point, disk).Add(index);
                }
            },
            token);
        return [.. touched.Select(disk => new TouchedDisk(
            disk.Key.Point.Id, disk.Key.Point.VmName.ToString(), disk.Key.Disk, disk.Value.Ranges,
            disk.Value.RangeCount))];

        DifferentChunks Of(RestorePoint point, DiskPoint disk)
        {
            if (!touched.TryGetValue((point, disk.Name), out DifferentChunks? chunks))
            {
                touched[(point, disk.Name)] = chunks = new DifferentChunks(DiskMap.Of(disk), RangeCountMax);
            }

            return chunks;
        }
    }

    private async Task WalkAsync(
        IReadOnlySet<Digest> lost, Action begin, Action<RestorePoint, DiskPoint, long, ChunkId> chunk,
        Action<RestorePoint, DiskPoint, MapPart> node, CancellationToken token)
    {
        if (lost.Count == 0)
        {
            return;
        }

        await maps.RunAsync(
            () =>
            {
                begin();
                return WalkAsync(new Visitor(lost, chunk, node), token);
            },
            token);
    }

    private async Task WalkAsync(Visitor visitor, CancellationToken token)
    {
        foreach (RestorePoint point in points)
        {
            foreach (DiskPoint disk in point.Disks)
            {
                (visitor.Point, visitor.Disk, visitor.FoundCount) = (point, disk, 0);
                await new DiskMapWalker(maps.Reader).WalkAsync(DiskMap.Of(disk), visitor, token);
            }
        }
    }

    /// <summary>Nodes below which nothing was found are not walked again for the next disk that shares them.</summary>
    private sealed class Visitor(
        IReadOnlySet<Digest> lost, Action<RestorePoint, DiskPoint, long, ChunkId> chunk,
        Action<RestorePoint, DiskPoint, MapPart> node) : IMapVisitor
    {
        private readonly HashSet<NodeId> sound = [];
        private readonly List<(NodeId Id, byte Level, long FoundBefore)> path = [];

        public RestorePoint Point { get; set; } = null!;

        public DiskPoint Disk { get; set; } = null!;

        public long FoundCount { get; set; }

        public bool Enter(MapPart part)
        {
            while (path.Count > 0 && path[^1].Level <= part.Level)
            {
                Leave();
            }

            return !sound.Contains(part.Id);
        }

        public ValueTask VisitNodeAsync(MapPart part, MapNode visited, CancellationToken token)
        {
            path.Add((part.Id, part.Level, FoundCount));
            return ValueTask.CompletedTask;
        }

        public ValueTask VisitChunkAsync(long chunkIndex, MapChunk found, CancellationToken token)
        {
            if (lost.Contains(found.Id.Value))
            {
                FoundCount++;
                chunk(Point, Disk, chunkIndex, found.Id);
            }

            return ValueTask.CompletedTask;
        }

        public ValueTask ReportDamageAsync(MapPart part, CorruptDataException damage, CancellationToken token)
        {
            FoundCount++;
            node(Point, Disk, part);
            return ValueTask.CompletedTask;
        }

        private void Leave()
        {
            (NodeId id, _, long foundBefore) = path[^1];
            path.RemoveAt(path.Count - 1);
            _ = foundBefore == FoundCount && sound.Add(id);
        }
    }
}
