using HyperVBackup.Format;

namespace HyperVBackup.Repository.Maintenance;

/// <summary>One thing that is wrong in a repository.</summary>
/// <param name="File">The blob's name.</param>
/// <param name="OffsetBytes">Where in it; 0 where the file as a whole is meant.</param>
/// <param name="What">What is wrong, in words.</param>
/// <param name="Points">The restore points that cannot be restored whole because of it; none where another copy
/// serves.</param>
public sealed record Damage(string File, long OffsetBytes, string What, IReadOnlyList<SessionId> Points)
{
    /// <summary>Where the disks of these points lack bytes because of it. Of vast damage, not all are told.</summary>
    public IReadOnlyList<DamagedDisk> Disks { get; init; } = [];
}
