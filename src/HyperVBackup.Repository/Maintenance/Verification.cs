using HyperVBackup.Format;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maps;
using HyperVBackup.Repository.Packs;
using HyperVBackup.Repository.Points;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Maintenance;

/// <summary>
/// Checks a repository against itself: both copies of points and map packs with every record in them, footers and
/// page hashes of chunk packs, and that every chunk a point reaches has a good copy; with data, also every chunk
/// record, decoded and hashed. It repairs nothing and needs no index. Used once.
/// </summary>
public sealed class Verification
{
    private readonly IBlobStore store;
    private readonly RepositoryId repository;
    private readonly ContentHasher hasher;
    private readonly PointCatalog catalog;
    private readonly RecordReader records;
    private readonly VerificationOptions options;
    private readonly RepositoryEnvironment environment;
    private readonly DamageLog damage = new();
    private readonly List<RestorePoint> points = [];
    private long packCount;
    private long recordCount;
    private long bytesRead;

    internal Verification(
        IBlobStore store, RepositoryId repository, ContentHasher hasher, PointCatalog catalog, RecordReader records,
        RepositoryEnvironment environment, VerificationOptions options)
    {
        (this.store, this.repository, this.hasher) = (store, repository, hasher);
        (this.catalog, this.records) = (catalog, records);
        (this.environment, this.options) = (environment, options);
    }

    /// <exception cref="StoreException">The store cannot be read.</exception>
    public async Task<VerificationReport> RunAsync(
        IProgress<VerificationProgress> progress, CancellationToken token)
    {
        await CheckPointsAsync(token);
        IReadOnlyCollection<PackName> packs = options.Points.Count == 0
            ? await ListPacksAsync(token)
            : await ListPacksNeededAsync(token);
        await CheckPacksAsync(packs, progress, token);
        await CheckChunksAsync(progress, token);
        return new VerificationReport(damage.ToList(), points.Count, packCount, recordCount, bytesRead);
    }

    private async Task CheckPointsAsync(CancellationToken token)
    {
        HashSet<SessionId> ids = [.. options.Points];
        if (ids.Count == 0)
        {
            foreach (string folder in (string[])
                [FileNames.RestorePointFolder, FileNames.MirrorFolder + FileNames.RestorePointFolder])
            {
                await foreach (BlobName name in store.ListAsync(folder, token))
                {
                    if (SessionId.TryParse(name.Path.AsSpan(folder.Length), out SessionId id))
                    {
                        ids.Add(id);
                    }
                }
            }
        }

        foreach (SessionId id in ids)
        {
            await CheckPointAsync(id, token);
        }
    }

    private async Task CheckPointAsync(SessionId id, CancellationToken token)
    {
        PointCopies copies = await catalog.ReadCopiesAsync(id, token);
        if (copies.IsFence)
        {
            return;
        }

        bool isLost = copies.First.Point is null && copies.Second.Point is null;
        foreach ((string name, RestorePoint? point, string? complaint) in (PointCopy[])[copies.First, copies.Second])
        {
            if (point is null)
            {
                damage.Add(name, 0, complaint ?? "the restore point's copy is missing", isLost ? id : default);
            }
        }

        if ((copies.First.Point ?? copies.Second.Point) is RestorePoint good)
        {
            points.Add(good);
        }
    }

    private async Task<HashSet<PackName>> ListPacksAsync(CancellationToken token)
    {
        HashSet<PackName> packs = [];
        foreach (string folder in (string[])
            [FileNames.ChunkPackFolder, FileNames.MapPackFolder, FileNames.MirrorFolder + FileNames.MapPackFolder])
        {
            int prefix = folder.StartsWith(FileNames.MirrorFolder, StringComparison.Ordinal)
                ? FileNames.MirrorFolder.Length
                : 0;
            await foreach (BlobName name in store.ListAsync(folder, token))
            {
                if (PackName.TryParse(name.Path.AsSpan(prefix), out PackName pack))
                {
                    packs.Add(pack);
                }
                else
                {
                    damage.Add(name.Path, 0, "no pack has such a name");
                }
            }
        }

        return packs;
    }

    private async Task<HashSet<PackName>> ListPacksNeededAsync(CancellationToken token)
    {
        PointWalk walk = new(NewTables(), new DamageLog(), []);
        await WalkAsync(walk, token);
        return walk.PacksNeeded;
    }

    private async Task CheckPacksAsync(
        IReadOnlyCollection<PackName> packs, IProgress<VerificationProgress> progress, CancellationToken token)
    {
        long done = 0;
        ParallelOptions parallel = new()
        {
            MaxDegreeOfParallelism = options.WorkerCount,
            CancellationToken = token,
        };
        await Parallel.ForEachAsync(packs, parallel, async (pack, ending) =>
        {
            await CheckPackAsync(pack, ending);
            progress.Report(new VerificationProgress(
                "packs", Interlocked.Increment(ref done), packs.Count, Interlocked.Read(ref bytesRead)));
        });
    }

    private async Task CheckPackAsync(PackName pack, CancellationToken token)
    {
        string[] copies = pack.Kind == PackKind.Chunks ? [pack.BlobName] : [pack.BlobName, pack.MirrorBlobName];
        bool isReadWhole = pack.Kind == PackKind.Maps || IsChosen();
        foreach (string copy in copies)
        {
            PackCheck check = new(store, repository, hasher);
            await check.RunAsync(
                pack, copy, isReadWhole,
                (offsetBytes, what, id) =>
                {
                    if (id.IsZero)
                    {
                        damage.Add(copy, offsetBytes, what);
                    }
                    else
                    {
                        damage.AddRecord(copy, offsetBytes, what, id);
                    }
                },
                (offsetBytes, what) => damage.AddFile(copy, offsetBytes, what),
                token);
            Interlocked.Increment(ref packCount);
            Interlocked.Add(ref recordCount, check.RecordCount);
            Interlocked.Add(ref bytesRead, check.BytesRead);
        }
    }

    private bool IsChosen()
    {
        const double All = 100;
        Span<byte> random = stackalloc byte[sizeof(uint)];
        environment.Randomness(random);
        return options.ReadDataPercent > 0
            && BitConverter.ToUInt32(random) <= uint.MaxValue * (options.ReadDataPercent / All);
    }

    /// <summary>Walks every map once; only where something is missing, again for each point by itself, to say which
    /// points it touches.</summary>
    private async Task CheckChunksAsync(IProgress<VerificationProgress> progress, CancellationToken token)
    {
        progress.Report(new VerificationProgress("maps", 0, points.Count, Interlocked.Read(ref bytesRead)));
        PointWalk walk = new(NewTables(), damage, []);
        await WalkAsync(walk, token);
        Dictionary<ChunkId, RecordPlace> lost = await WithoutCopyAsync(walk.Missing, token);
        if (lost.Count == 0)
        {
            return;
        }

        foreach (RestorePoint point in points)
        {
            PointWalk own = new(NewTables(), damage, []) { Point = point.Id };
            await WalkAsync(own, point, token);
            foreach ((ChunkId id, RecordPlace place) in own.Missing.Where(chunk => lost.ContainsKey(chunk.Key)))
            {
                string file = place.IsUnknown ? "packs" : place.Pack.BlobName;
                damage.Add(file, place.OffsetBytes, $"chunk {id} has no good copy", point.Id);
            }
        }
    }

    private async Task<Dictionary<ChunkId, RecordPlace>> WithoutCopyAsync(
        Dictionary<ChunkId, RecordPlace> missing, CancellationToken token)
    {
        Dictionary<ChunkId, RecordPlace> lost = new(missing);
        if (lost.Count == 0)
        {
            return lost;
        }

        PackTables tables = NewTables();
        await foreach (BlobName name in store.ListAsync(FileNames.ChunkPackFolder, token))
        {
            if (PackName.TryParse(name.Path, out PackName pack)
                && await tables.TryGetAsync(pack, token) is PackTable table)
            {
                foreach (ChunkId id in missing.Keys)
                {
                    if (table.TryFind(id.Value, out _) && damage.IsGood(pack, id.Value))
                    {
                        lost.Remove(id);
                    }
                }
            }
        }

        return lost;
    }

    private async Task WalkAsync(PointWalk walk, CancellationToken token)
    {
        foreach (RestorePoint point in points)
        {
            walk.Point = point.Id;
            await WalkAsync(walk, point, token);
        }
    }

    private async Task WalkAsync(PointWalk walk, RestorePoint point, CancellationToken token)
    {
        foreach (DiskPoint disk in point.Disks)
        {
            if (!disk.IsRootOf(hasher))
            {
                damage.Add(
                    FileNames.RestorePoint(point.Id), 0, $"the root of disk '{disk.Name}' does not fit its map",
                    point.Id);
            }

            DiskMap map = new(disk.ChunkSizeBytes, disk.VirtualSizeBytes, disk.TopNode, disk.TopPlace);
            await new DiskMapWalker(records).WalkAsync(map, walk, token);
            foreach (ListReference list in disk.Lists)
            {
                await CheckListAsync(point, disk, list, token);
            }
        }
    }

    private async Task CheckListAsync(
        RestorePoint point, DiskPoint disk, ListReference list, CancellationToken token)
    {
        if (list.Head.IsZero)
        {
            return; // an empty list is nowhere
        }

        try
        {
            byte[] head = await records.ReadListAsync(list.Head, list.Place, token);
            foreach (ListSegment segment in ListHead.Read(list.Kind, head))
            {
                await records.ReadListAsync(segment.Id, segment.Place, token);
            }
        }
        catch (CorruptDataException)
        {
            string file = list.Place.IsUnknown ? "maps" : list.Place.Pack.BlobName;
            damage.Add(
                file, list.Place.OffsetBytes,
                $"a list of disk '{disk.Name}' has no good copy (the point restores without it)", point.Id);
        }
    }

    private PackTables NewTables() => new(store, repository, Sessions.SessionLimits.PackTableCountMax);
}
