using HyperVBackup.Format;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maps;

namespace HyperVBackup.Repository.Maintenance.Prune;

/// <summary>Measures the <see cref="OwnSpace"/> of restore points. What several points that go share is counted once,
/// at the oldest. Costs the nodes that differ. Used once.</summary>
internal sealed class OwnSpaceMeasure(BackupRepository repository)
{
    private readonly OwnRecords records = new(
        repository.Records, new FooterSections(repository.Store, repository.Id), repository.Settings.ChunkSizeBytes);

    private int unreadableCount;

    public OwnSpace Space => new(records.ChunkBytes, records.MapBytes, unreadableCount);

    /// <summary>Adds the points of one VM that go.</summary>
    /// <param name="points">All of the VM, oldest first.</param>
    /// <param name="done">Called after each point that goes.</param>
    public async Task AddAsync(
        IReadOnlyList<RestorePoint> points, Func<RestorePoint, bool> goes, Action done, CancellationToken token)
    {
        for (int index = 0; index < points.Count; index++)
        {
            if (!goes(points[index]))
            {
                continue;
            }

            foreach (DiskPoint disk in points[index].Disks)
            {
                IEnumerable<RestorePoint> others =
                    Neighbours(points, index, goes, point => TryMatch(point, disk) is not null);
                await AddAsync(disk, [.. others.Select(point => TryMatch(point, disk)!)], token);
            }

            await AddFilesAsync(points[index], Neighbours(points, index, goes, _ => true), token);
            done();
        }
    }

    private async Task AddAsync(DiskPoint disk, DiskPoint[] others, CancellationToken token)
    {
        try
        {
            await records.AddAsync(DiskMap.Of(disk), [.. others.Select(DiskMap.Of)], token);
            HashSet<ListId> theirs = [.. others.SelectMany(other => other.Lists).Select(list => list.Head)];
            foreach (ListReference list in disk.Lists.Where(list => !theirs.Contains(list.Head)))
            {
                await records.AddAsync(list, token);
            }
        }
        catch (CorruptDataException)
        {
            unreadableCount++;
        }
    }

    private async Task AddFilesAsync(RestorePoint point, IEnumerable<RestorePoint> others, CancellationToken token)
    {
        HashSet<ListId> theirs = [.. others.SelectMany(other => other.ConfigurationFiles).Select(file => file.Head)];
        foreach (ListReference file in point.ConfigurationFiles.Where(file => !theirs.Contains(file.Head)))
        {
            await records.AddAsync(file, token);
        }
    }

    /// <summary>Those that a point is held against: the nearest that stay on both sides, and the one before it, at
    /// which what they share was counted if that goes too.</summary>
    private static IEnumerable<RestorePoint> Neighbours(
        IReadOnlyList<RestorePoint> points, int index, Func<RestorePoint, bool> goes, Func<RestorePoint, bool> counts)
    {
        RestorePoint?[] found =
        [
            Nearest(points, index, -1, counts),
            Nearest(points, index, -1, point => !goes(point) && counts(point)),
            Nearest(points, index, 1, point => !goes(point) && counts(point)),
        ];
        return found.OfType<RestorePoint>().DistinctBy(point => point.Id);
    }

    private static RestorePoint? Nearest(
        IReadOnlyList<RestorePoint> points, int index, int step, Func<RestorePoint, bool> counts)
    {
        for (int other = index + step; other >= 0 && other < points.Count; other += step)
        {
            if (counts(points[other]))
            {
                return points[other];
            }
        }

        return null;
    }

    /// <summary>The same disk at another time: by its identity, else by its name.</summary>
    private static DiskPoint? TryMatch(RestorePoint point, DiskPoint disk) =>
        point.Disks.FirstOrDefault(other => disk.Identity.Length > 0 && other.Identity == disk.Identity)
        ?? point.Disks.FirstOrDefault(
            other => string.Equals(other.Name, disk.Name, StringComparison.OrdinalIgnoreCase));
}
