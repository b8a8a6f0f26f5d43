using HyperVBackup.Format;
using HyperVBackup.Format.Maps;

namespace HyperVBackup.Repository.Maintenance.Repair;

/// <summary>What of a restore point's disk is lost.</summary>
/// <param name="Ranges">The first of the ranges that cannot be restored.</param>
/// <param name="RangeCount">Of all of them.</param>
public sealed record TouchedDisk(
    SessionId Point, string Vm, string Disk, IReadOnlyList<ListedRange> Ranges, long RangeCount);
