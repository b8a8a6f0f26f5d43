using HyperVBackup.Format.Points;

namespace HyperVBackup.Repository.Points;

/// <summary>Both copies of a restore point; of a fence there is one, and no point in it.</summary>
internal sealed record PointCopies(bool IsFence, PointCopy First, PointCopy Second);
