using HyperVBackup.Format.Points;

namespace HyperVBackup.Operations.Proof;

/// <summary>How much of a disk in a restore point was held against the real disk, and since when.</summary>
/// <param name="Disk">The disk in the point.</param>
/// <param name="ProvenShare">Of the disk's size, what was read or audited for <paramref name="Since"/> or a point
/// between it and this one; from 0 to 1. 1 is all of it.</param>
/// <param name="Since">The newest point since which all of it was; where that cannot be told, because points are gone
/// or are too many, the oldest that was looked at.</param>
/// <param name="LaterShare">The same for the points after <paramref name="Since"/> alone.</param>
/// <param name="LaterPointCount">How many those are, this one included.</param>
public sealed record DiskProof(
    DiskPoint Disk, double ProvenShare, RestorePoint Since, double LaterShare, int LaterPointCount);
