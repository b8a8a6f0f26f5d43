using HyperVBackup.Format.Points;

namespace HyperVBackup.Repository.Maintenance.Explain;

/// <summary>What a restore point needs of what is explained.</summary>
/// <param name="IsPruned">It is marked, and goes with the next collection.</param>
/// <param name="Disks">Those that need anything.</param>
/// <param name="ListCount">Lists of the point (changes, ranges, configuration files) that need a record.</param>
/// <param name="RecordCount">How many of the records it needs.</param>
/// <param name="OwnBytes">Of the records that no other point needs: what its going would free of them.</param>
/// <param name="UnreadableCount">Parts of its maps that cannot be read, so that nothing is known of them.</param>
public sealed record PointUse(
    RestorePoint Point, bool IsPruned, IReadOnlyList<DiskUse> Disks, int ListCount, int RecordCount, long OwnBytes,
    int UnreadableCount);
