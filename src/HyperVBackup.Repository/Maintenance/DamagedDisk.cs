using HyperVBackup.Format;
using HyperVBackup.Format.Maps;

namespace HyperVBackup.Repository.Maintenance;

/// <summary>Where a disk of a restore point cannot be restored because of some damage.</summary>
/// <param name="Ranges">The first of them, ascending; those that touch are one.</param>
/// <param name="RangeCount">How many there are.</param>
public sealed record DamagedDisk(
    SessionId Point, string Disk, IReadOnlyList<ListedRange> Ranges, long RangeCount);
