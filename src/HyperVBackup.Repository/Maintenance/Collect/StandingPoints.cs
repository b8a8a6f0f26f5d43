using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Collections;
using HyperVBackup.Repository.Points;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>Lists restore points for a collector: from their files, never from a cache, and none that cannot be read is
/// taken for none.</summary>
internal sealed class StandingPoints(
    IBlobStore store, PointCatalog catalog, CollectionFiles collections, ContentHasher hasher, Action<string> warn)
{
    private readonly HashSet<SessionId> told = [];

    /// <summary>The sessions that have decided: there is a point, or a fence; a point that lost its first copy by
    /// accident counts too.</summary>
    public async Task<HashSet<SessionId>> ListAsync(CancellationToken token)
    {
        HashSet<SessionId> points = await ListAsync(FileNames.RestorePointFolder, token);
        HashSet<SessionId> copies = await ListAsync(FileNames.MirrorFolder + FileNames.RestorePointFolder, token);
        copies.ExceptWith(points);
        if (copies.Count > 0)
        {
            copies.ExceptWith(await ReadRetiredAsync(token));
            await TellLostAsync(copies, token);
            points.UnionWith(copies);
        }

        return points;
    }

    /// <summary>What these points need. Fences need nothing.</summary>
    /// <exception cref="RepositoryDamagedException">One of them cannot be read.</exception>
    public async Task<PointRoots> ReadRootsAsync(IEnumerable<SessionId> points, CancellationToken token)
    {
        PointRoots roots = new();
        foreach (SessionId id in points)
        {
            if (await TryReadAsync(id, token) is RestorePoint point)
            {
                Add(roots, point);
            }
        }

        return roots;
    }

    /// <summary>Those of them that are restore points, readable or not, and no fences.</summary>
    public async Task<List<SessionId>> WithoutFencesAsync(IEnumerable<SessionId> points, CancellationToken token)
    {
        List<SessionId> found = [];
        foreach (SessionId id in points)
        {
            if (!(await catalog.ReadCopiesAsync(id, token)).IsFence)
            {
                found.Add(id);
            }
        }

        return found;
    }

    private async Task<HashSet<SessionId>> ListAsync(string folder, CancellationToken token)
    {
        HashSet<SessionId> ids = [];
        await foreach (BlobName name in store.ListAsync(folder, token))
        {
            if (SessionId.TryParse(name.Path.AsSpan(folder.Length), out SessionId id))
            {
                ids.Add(id);
            }
        }

        return ids;
    }

    /// <summary>Asked once more, as a point may have been put after the names were listed.</summary>
    private async Task TellLostAsync(HashSet<SessionId> points, CancellationToken token)
    {
        foreach (SessionId id in points)
        {
            if (await catalog.IsGoneAsync(id, token) && told.Add(id))
            {
                warn($"Restore point {id} has lost its file '{FileNames.RestorePoint(id)}' and is not listed; its "
                    + "second copy stands, so all that it needs is kept: put the file back, or restore it by its "
                    + "whole id.");
            }
        }
    }

    /// <summary>Second copies of points that were retired may come late, from sessions that slept.</summary>
    private async Task<HashSet<SessionId>> ReadRetiredAsync(CancellationToken token)
    {
        HashSet<SessionId> retired = [];
        for (long number = await collections.ReadHighestAsync(token); number > 0; number--)
        {
            retired.UnionWith(await collections.TryReadRetiredPointsAsync(number, token) ?? new HashSet<SessionId>());
        }

        return retired;
    }

    private async Task<RestorePoint?> TryReadAsync(SessionId id, CancellationToken token)
    {
        PointCopies copies = await catalog.ReadCopiesAsync(id, token);
        if (copies.IsFence)
        {
            return null;
        }

        (PointCopy first, PointCopy second) = (copies.First, copies.Second);
        bool isGone = first.Point is null && first.Complaint is null && second.Point is null
            && second.Complaint is null;
        bool isCollected = !isGone && first.Point is null && (await ReadRetiredAsync(token)).Contains(id);
        return isGone || isCollected // a late second copy, beside a late fence
            ? null
            : first.Point ?? second.Point ?? throw Unreadable(id, first.Complaint ?? second.Complaint!);
    }

    private void Add(PointRoots roots, RestorePoint point)
    {
        try
        {
            roots.Add(point, hasher);
        }
        catch (CorruptDataException complaint)
        {
            throw Unreadable(point.Id, complaint.Message);
        }
    }

    private static RepositoryDamagedException Unreadable(SessionId point, string complaint) => new(
        $"Restore point {point} cannot be read ({complaint}): nothing is collected, because it may need anything.");
}
