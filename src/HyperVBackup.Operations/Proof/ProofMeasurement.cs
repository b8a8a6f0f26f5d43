using HyperVBackup.Format;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Repository.Maps;

namespace HyperVBackup.Operations.Proof;

/// <summary>
/// Goes from a point to its parents, and adds up what was read of a disk or audited, until that is all of it. For one
/// disk it looks at no more than a thousand points and a million ranges.
/// </summary>
/// <param name="points">Where parents are looked for.</param>
/// <param name="nodes">Holds the lists of ranges.</param>
internal sealed class ProofMeasurement(IReadOnlyList<RestorePoint> points, INodeSource nodes)
{
    private const int PointCountMax = 1000;
    private const long RangeCountMax = 1_000_000;

    /// <exception cref="CorruptDataException">A list of the point's ranges cannot be read.</exception>
    public async Task<DiskProof> MeasureAsync(RestorePoint point, DiskPoint disk, CancellationToken token)
    {
        RangeCover cover = new();
        RestorePoint atPoint = point;
        DiskPoint at = disk;
        long laterBytes = 0;
        long rangeCount = 0;
        int laterCount = 0;
        while (cover.TotalBytes < disk.VirtualSizeBytes)
        {
            laterBytes = cover.TotalBytes;
            if (IsReadWhole(at))
            {
                cover.Add([(0, disk.VirtualSizeBytes)]);
                break;
            }

            rangeCount += at.Lists.Sum(list => list.Kind == ListKind.Changes ? 0 : list.EntryCount);
            bool isLast = rangeCount > RangeCountMax || laterCount == PointCountMax;
            try
            {
                await AddAsync(cover, isLast ? [] : at.Lists, disk.VirtualSizeBytes, token);
            }
            catch (CorruptDataException) when (at != disk)
            {
                break; // collected meanwhile, or damaged, which a verification tells
            }

            if (isLast || cover.TotalBytes >= disk.VirtualSizeBytes || Before(atPoint, at) is not { } before)
            {
                break;
            }

            laterCount += at.Kind == RestorePointKind.Synthetic ? 0 : 1;
            (atPoint, at) = before;
        }

        double size = disk.VirtualSizeBytes;
        return new DiskProof(disk, cover.TotalBytes / size, atPoint, laterBytes / size, laterCount);
    }

    /// <summary>A comparison that went on on a tracker's word says what it read.</summary>
    private static bool IsReadWhole(DiskPoint disk) =>
        disk.Kind is RestorePointKind.Full or RestorePointKind.Recovered
        && !disk.Lists.Any(list => list.Kind == ListKind.ReportedRanges);

    /// <summary>The parent; of a synthetic one, the point whose state it holds.</summary>
    private (RestorePoint Point, DiskPoint Disk)? Before(RestorePoint own, DiskPoint disk)
    {
        RestorePoint? before = disk.Kind == RestorePointKind.Synthetic
            ? points.LastOrDefault(point => point.VmIdentity == own.VmIdentity && point.Time == own.Time
                && DiskMatch.Find(point, own, disk) is { } same && same.Kind != RestorePointKind.Synthetic
                && same.Root == disk.Root)
            : points.FirstOrDefault(point => point.Id == disk.Parent);
        return before is not null && DiskMatch.Find(before, own, disk) is { } found
            && found.VirtualSizeBytes == disk.VirtualSizeBytes
            ? (before, found)
            : null;
    }

    private async Task AddAsync(
        RangeCover cover, IReadOnlyList<ListReference> lists, long virtualSizeBytes, CancellationToken token)
    {
        foreach (ListReference list in lists.Where(list => list.Kind != ListKind.Changes))
        {
            List<(long StartBytes, long EndBytes)> ranges = [];
            RangeListReader reader = new(list, nodes);
            while (await reader.MoveNextAsync(token))
            {
                // The last chunk reaches over the end of the disk.
                ranges.Add((reader.Current.StartBytes, Math.Min(reader.Current.EndBytes, virtualSizeBytes)));
            }

            cover.Add(ranges);
        }
    }
}
