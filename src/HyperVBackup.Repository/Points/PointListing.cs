using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Points;

/// <summary>
/// Lists the restore points: the names in <c>points/</c> say which there are, and what a point says is taken from this
/// host's cache, where it is there, or from its file. Why what is cached under a name holds:
/// <list type="bullet">
/// <item>A file is never replaced, and a session puts at most one point: a name's point is always the same.</item>
/// <item>A point may be deleted and a late fence put under its name. Only a collection deletes points: those that were
/// marked before it began, and after its <c>retired/n</c> was put. So points are cached under the count of
/// <c>retired/</c>, read before the marks and these before the points, unless they are marked; and the cache counts
/// only while the count is the same after the names were listed.</item>
/// <item>A fence is no point and is read each time; so is a point whose first copy is damaged.</item>
/// </list>
/// Thread-safe.
/// </summary>
internal sealed class PointListing(IBlobStore store, PointCatalog catalog, PointCache? cache)
{
    /// <summary>The cache is written anew when one point in so many is new or gone: each listing reads that share at
    /// most, and a new point costs writing that many times its size.</summary>
    private const int SaveShare = 64;

    /// <summary>All restore points, oldest first within each VM; damaged ones go to <paramref name="damaged"/>.
    /// </summary>
    public async Task<List<RestorePoint>> ReadAllAsync(
        Action<SessionId, CorruptDataException> damaged, CancellationToken token)
    {
        List<RestorePoint> points = cache is null
            ? (await ReadAsync(await ListAsync(FileNames.RestorePointFolder, token), [], [], damaged, token)).Points
            : await ReadThroughAsync(cache, damaged, token);
        PointOrder.SortByVm(points);
        return points;
    }

    private async Task<List<RestorePoint>> ReadThroughAsync(
        PointCache kept, Action<SessionId, CorruptDataException> damaged, CancellationToken token)
    {
        int retiredCount = (await ListAsync(FileNames.RetiredFolder, token)).Count;
        List<string> marks = await ListAsync(FileNames.PruneMarkFolder, token);
        List<string> names = await ListAsync(FileNames.RestorePointFolder, token);
        bool isCurrent = retiredCount == (await ListAsync(FileNames.RetiredFolder, token)).Count;
        Dictionary<string, RestorePoint> cached = isCurrent ? kept.Read(retiredCount) : [];
        (List<RestorePoint> points, List<RestorePoint> known, List<RestorePoint> fresh) =
            await ReadAsync(names, cached, marks, damaged, token);
        int changedCount = fresh.Count + cached.Count - known.Count;
        if (isCurrent && changedCount > cached.Count / SaveShare)
        {
            kept.Save(retiredCount, [.. known, .. fresh]);
        }

        return points;
    }

    /// <returns>All points; those of them that were cached; and those that may be.</returns>
    private async Task<(List<RestorePoint> Points, List<RestorePoint> Known, List<RestorePoint> Fresh)> ReadAsync(
        List<string> names, Dictionary<string, RestorePoint> cached, List<string> marks,
        Action<SessionId, CorruptDataException> damaged, CancellationToken token)
    {
        (List<RestorePoint> points, List<RestorePoint> known, List<RestorePoint> fresh) = ([], [], []);
        foreach (string name in names)
        {
            if (cached.TryGetValue(name, out RestorePoint? point))
            {
                points.Add(point);
                known.Add(point);
            }
            else if (SessionId.TryParse(name.AsSpan(FileNames.RestorePointFolder.Length), out SessionId id)
                && await TryReadAsync(id, damaged, token) is { Point: { } found } copy)
            {
                points.Add(found);
                if (copy.Name == name && !marks.Contains(FileNames.PruneMark(id)))
                {
                    fresh.Add(found);
                }
            }
        }

        return (points, known, fresh);
    }

    private async Task<PointCopy?> TryReadAsync(
        SessionId id, Action<SessionId, CorruptDataException> damaged, CancellationToken token)
    {
        try
        {
            return await catalog.FindAsync(id, token);
        }
        catch (CorruptDataException complaint)
        {
            damaged(id, complaint);
            return null;
        }
    }

    private async Task<List<string>> ListAsync(string folder, CancellationToken token)
    {
        List<string> names = [];
        await foreach (BlobName name in store.ListAsync(folder, token))
        {
            names.Add(name.Path);
        }

        return names;
    }
}
