using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Collections;
using HyperVBackup.Repository.Points;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Maintenance;

/// <summary>Checks both copies of restore points. Used once, by one thread.</summary>
/// <param name="absent">Points that a collection deletes.</param>
/// <param name="asked">Empty for all.</param>
internal sealed class PointsCheck(
    IBlobStore store, PointCatalog catalog, CollectionFiles collections, AbsentSet absent, DamageLog damage,
    IReadOnlyCollection<SessionId> asked)
{
    private readonly List<RestorePoint> points = [];
    private readonly HashSet<SessionId> published = [];

    /// <summary>Those of which a copy is good.</summary>
    public IReadOnlyList<RestorePoint> Good => points;

    /// <summary>Those that are there, in whatever state.</summary>
    public IReadOnlySet<SessionId> Published => published;

    /// <summary>All that are asked for, or all there are.</summary>
    public async Task RunAsync(CancellationToken token)
    {
        HashSet<SessionId> ids = [.. asked];
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

        foreach (SessionId id in ids.Where(id => !absent.Contains(id)))
        {
            await CheckPointAsync(id, token);
        }
    }

    /// <summary>A point of which nothing is left leaves no name to be listed; but points that were made from it name
    /// it, and no point goes unless a collection says so.</summary>
    public async Task FindLostParentsAsync(CancellationToken token)
    {
        Dictionary<SessionId, SessionId> childOf = [];
        foreach (RestorePoint point in asked.Count == 0 ? points : [])
        {
            foreach (SessionId parent in point.Disks.Select(disk => disk.Parent).Where(parent => !parent.IsNone))
            {
                if (!published.Contains(parent) && !absent.Contains(parent) && await IsNowhereAsync(parent, token))
                {
                    childOf[parent] = point.Id;
                }
            }
        }

        // Asked last: what a collection deletes it has named before.
        HashSet<SessionId> collected = await collections.FindCollectedAsync(childOf.Keys.ToHashSet(), token);
        foreach ((SessionId parent, SessionId child) in childOf.Where(one => !collected.Contains(one.Key)))
        {
            damage.Add(
                FileNames.RestorePoint(parent), 0,
                $"the restore point, from which {child} was made, is missing in both copies", parent);
        }
    }

    private async Task<bool> IsNowhereAsync(SessionId point, CancellationToken token) =>
        await catalog.IsGoneAsync(point, token)
        && await store.TryGetLengthAsync(new BlobName(FileNames.RestorePointMirror(point)), token) is null;

    private async Task CheckPointAsync(SessionId id, CancellationToken token)
    {
        // Asked first: a session puts the second copy before it deletes its lease.
        bool isEnding = await store.TryGetLengthAsync(new BlobName(FileNames.Lease(id)), token) is not null;
        PointCopies copies = await catalog.ReadCopiesAsync(id, token);
        if (copies.IsFence || IsVanished(copies) || await IsDeletedAsync(id, copies, token))
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

    /// <summary>Of a name that was listed a moment ago nothing is left: it was a fence, which its session took away, or
    /// a point that was collected. A point that is lost leaves no name to be listed.</summary>
    private bool IsVanished(PointCopies copies) =>
        asked.Count == 0
        && copies.First is { Point: null, Complaint: null } && copies.Second is { Point: null, Complaint: null };

    /// <summary>A slow session may put a second copy after the point was collected, a slow collector a fence.</summary>
    private async Task<bool> IsDeletedAsync(SessionId id, PointCopies copies, CancellationToken token) =>
        copies.First.Point is null
        && (await collections.FindCollectedAsync(new HashSet<SessionId> { id }, token)).Count > 0;
}
