using HyperVBackup.Disks;

namespace HyperVBackup.Operations;

/// <summary>Where one disk differs between two restore points, in whole chunks, ascending and merged.</summary>
public sealed record DiskDifference(string Disk, IReadOnlyList<ByteRange> Ranges);
