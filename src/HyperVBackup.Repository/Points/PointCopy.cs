using HyperVBackup.Format.Points;

namespace HyperVBackup.Repository.Points;

/// <summary>One copy of a restore point: what it says, or what is wrong with it; neither where it is missing.</summary>
internal sealed record PointCopy(string Name, RestorePoint? Point, string? Complaint);
