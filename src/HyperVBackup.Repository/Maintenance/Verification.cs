using System.Runtime.CompilerServices;
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
/// Checks a repository against itself: both copies of settings, points and map packs with every record in them,
/// footers and page hashes of chunk packs, and that every chunk a point reaches has a good copy; with data, also every
/// chunk record, decoded and hashed. It repairs nothing and needs no index. Used once.
/// </summary>
public sealed class Verification
{
    private readonly IBlobStore store;
    private readonly RepositoryId repository;
    private readonly ContentHasher hasher;
    private readonly RepositorySettings settings;
    private readonly PointCatalog catalog;
    private readonly RecordReader records;
    private readonly VerificationOptions options;
    private readonly RepositoryEnvironment environment;
    private readonly DamageLog damage = new();
    private readonly List<RestorePoint> points = [];
    private readonly HashSet<SessionId> published = [];
    private long packCount;
    private long recordCount;
    private long bytesRead;

    internal Verification(
        IBlobStore store, RepositoryId repository, ContentHasher hasher, RepositorySettings settings,
        PointCatalog catalog, RecordReader records, RepositoryEnvironment environment, VerificationOptions options)
    {
        (this.store, this.repository, this.hasher) = (store, repository, hasher);
        this.settings = settings;
        (this.catalog, this.records) = (catalog, records);
        (this.environment, this.options) = (environment, options);
    }

    /// <exception cref="StoreException">The store cannot be read.</exception>
    public async Task<VerificationReport> RunAsync(
        IProgress<VerificationProgress> progress, CancellationToken token)
    {
        await CheckSettingsAsync(token);
        await CheckPointsAsync(token);
        IReadOnlyCollection<PackName> packs = options.Points.Count == 0
            ? await ListPacksAsync(name => damage.Add(name.Path, 0, "no pack has such a name"), token)
            : await ListPacksNeededAsync(token);
        await CheckPacksAsync(packs, progress, token);
        await CheckChunksAsync(progress, token);
        return new VerificationReport(damage.ToList(), points.Count, packCount, recordCount, bytesRead);
    }

    private async Task CheckSettingsAsync(CancellationToken token)
    {
        SettingsFile files = new(store);
        foreach (string name in SettingsFile.Names)
        {
            if (await files.FindFaultAsync(name, repository, settings, token) is string fault)
            {
                damage.Add(name, 0, fault);
            }
        }
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
                    else
                    {
                        damage.Add(name.Path, 0, "no restore point has such a name");
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
        // Asked first: a session puts the second copy before it deletes its lease.
        bool isEnding = await store.TryGetLengthAsync(new BlobName(FileNames.Lease(id)), token) is not null;
        PointCopies copies = await catalog.ReadCopiesAsync(id, token);
        if (copies.IsFence)
        {
            return;
        }

        published.Add(id);
        bool isLost = copies.First.Point is null && copies.Second.Point is null;
        foreach ((string name, RestorePoint? point, string? complaint) in (PointCopy[])[copies.First, copies.Second])
        {
            bool isYetToCome = isEnding && copies.First.Point is not null && complaint is null;
            if (point is null && !isYetToCome)
            {
                damage.Add(name, 0, complaint ?? "the restore point's copy is missing", isLost ? id : default);
            }
        }

        if ((copies.First.Point ?? copies.Second.Point) is RestorePoint good)
        {
            points.Add(good);
        }
    }

    private async Task<HashSet<PackName>> ListPacksAsync(Action<BlobName> unknown, CancellationToken token)
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
                    unknown(name);
                }
            }
        }

        return packs;
    }

    /// <summary>Packs that exist and hold what the points need, be it where the maps say or elsewhere.</summary>
    private async Task<HashSet<PackName>> ListPacksNeededAsync(CancellationToken token)
    {
        PointWalk walk = new(NewTables(), new DamageLog(), []);
        await WalkAsync(walk, token);
        HashSet<PackName> needed = await ListPacksAsync(_ => { }, token);
        needed.IntersectWith(walk.PacksNeeded);
        await foreach ((PackName pack, PackTable table) in ChunkPacksAsync(walk.Missing.Count > 0, token))
        {
            if (walk.Missing.Keys.Any(id => table.TryFind(id.Value, out _)))
            {
                needed.Add(pack);
            }
        }

        return needed;
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
            if (copy == pack.MirrorBlobName && await IsYetToComeAsync(pack, token))
            {
                continue;
            }

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
                        damage.AddRecord(copy, offsetBytes, what);
                    }
                },
                (offsetBytes, what) => damage.AddFile(copy, offsetBytes, what),
                token);
            Interlocked.Increment(ref packCount);
            Interlocked.Add(ref recordCount, check.RecordCount);
            Interlocked.Add(ref bytesRead, check.BytesRead);
        }
    }

    /// <summary>A session that has published no point may be between its packs' copies, or have ended there: nobody
    /// relies on them.</summary>
    private async Task<bool> IsYetToComeAsync(PackName pack, CancellationToken token) =>
        options.Points.Count == 0
        && !published.Contains(pack.Session)
        && await store.TryGetLengthAsync(new BlobName(pack.MirrorBlobName), token) is null;

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
        if (lost.Count == 0 && !walk.HasLostNode)
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
        await foreach ((PackName pack, PackTable table) in ChunkPacksAsync(lost.Count > 0, token))
        {
            foreach (ChunkId id in missing.Keys.Where(id => damage.HasGood(pack, table, id)))
            {
                lost.Remove(id);
            }
        }

        // A pack without a good footer may still hold good records where the maps say.
        foreach ((ChunkId id, RecordPlace place) in missing.Where(chunk => lost.ContainsKey(chunk.Key)))
        {
            if (await IsReadableAsync(id, place, token))
            {
                lost.Remove(id);
            }
        }

        return lost;
    }

    private async ValueTask<bool> IsReadableAsync(ChunkId id, RecordPlace place, CancellationToken token)
    {
        try
        {
            await records.ReadChunkAsync(id, place, new byte[settings.ChunkSizeBytes], token);
            return true;
        }
        catch (RepositoryDamagedException)
        {
            return false;
        }
    }

    private async IAsyncEnumerable<(PackName Pack, PackTable Table)> ChunkPacksAsync(
        bool isNeeded, [EnumeratorCancellation] CancellationToken token)
    {
        if (!isNeeded)
        {
            yield break;
        }

        PackTables tables = NewTables();
        await foreach (BlobName name in store.ListAsync(FileNames.ChunkPackFolder, token))
        {
            if (PackName.TryParse(name.Path, out PackName pack)
                && await tables.TryGetAsync(pack, token) is PackTable table)
            {
                yield return (pack, table);
            }
        }
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
                await CheckListAsync(walk, $"a list of disk '{disk.Name}'", list, token);
            }
        }

        foreach (ListReference file in point.ConfigurationFiles)
        {
            await CheckListAsync(walk, "a configuration file", file, token);
        }
    }

    private async Task CheckListAsync(
        PointWalk walk, string what, ListReference list, CancellationToken token)
    {
        if (list.Head.IsZero)
        {
            return; // an empty list is nowhere
        }

        try
        {
            walk.Need(list.Place);
            byte[] head = await records.ReadListAsync(list.Head, list.Place, token);
            ListSegment[] segments = list.Kind == ListKind.ConfigurationFile ? [] : ListHead.Read(list.Kind, head);
            foreach (ListSegment segment in segments)
            {
                walk.Need(segment.Place);
                await records.ReadListAsync(segment.Id, segment.Place, token);
            }
        }
        catch (CorruptDataException)
        {
            string file = list.Place.IsUnknown ? "maps" : list.Place.Pack.BlobName;
            damage.Add(
                file, list.Place.OffsetBytes,
                $"{what} has no good copy (the disks restore without it)", walk.Point);
        }
    }

    private PackTables NewTables() => new(store, repository, Sessions.SessionLimits.PackTableBytesMax);
}
