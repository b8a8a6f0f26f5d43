using HyperVBackup.Disks;
using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Repository;
using HyperVBackup.Repository.Maps;
using HyperVBackup.Repository.Sessions;

namespace HyperVBackup.Operations;

/// <summary>Compares two restore points by their maps alone, each under a lease: equal parts are never read.</summary>
internal static class PointDiff
{
    /// <exception cref="RestorePointNotFoundException">The points have no disk in common, or a disk was stored in
    /// another chunk size; or one of them was pruned.</exception>
    /// <exception cref="SessionFencedException">A collector gave this up: run it again.</exception>
    public static async Task<IReadOnlyList<DiskDifference>> RunAsync(
        BackupRepository repository, RestorePoint before, RestorePoint after, CancellationToken token)
    {
        await using ReadingSession earlierSession =
            await repository.OpenReadingSessionAsync(LeaseKind.Verify, before.Id, token);
        await using ReadingSession laterSession =
            await repository.OpenReadingSessionAsync(LeaseKind.Verify, after.Id, token);
        List<DiskDifference> differences = [];
        foreach (DiskPoint disk in after.Disks)
        {
            if (DiskMatch.Find(before, after, disk) is DiskPoint earlier
                && earlier.ChunkSizeBytes == disk.ChunkSizeBytes)
            {
                DiskMapDiff diff = new(earlier.Map(), disk.Map(), laterSession.Nodes, earlierSession.Nodes);
                differences.Add(new DiskDifference(disk.Name, await CompareAsync(diff, earlier, disk, token)));
            }
        }

        return differences.Count > 0
            ? differences
            : throw new RestorePointNotFoundException(
                $"Restore points {before.Id} and {after.Id} have no disk in common.");
    }

    private static async Task<List<ByteRange>> CompareAsync(
        DiskMapDiff diff, DiskPoint before, DiskPoint after, CancellationToken token)
    {
        List<ByteRange> ranges = [];
        long sizeBytes = Math.Max(before.VirtualSizeBytes, after.VirtualSizeBytes);
        while (await diff.MoveNextAsync(token))
        {
            long startBytes = diff.Current.ChunkIndex * after.ChunkSizeBytes;
            long endBytes = Math.Min(startBytes + after.ChunkSizeBytes, sizeBytes);
            if (ranges.Count > 0 && ranges[^1].EndBytes == startBytes)
            {
                startBytes = ranges[^1].StartBytes;
                ranges.RemoveAt(ranges.Count - 1);
            }

            ranges.Add(new ByteRange(startBytes, endBytes - startBytes));
        }

        return ranges;
    }
}
