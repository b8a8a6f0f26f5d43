using HyperVBackup.Disks;
using HyperVBackup.Format.Points;

namespace HyperVBackup.Operations.Backup;

/// <summary>What a backup did.</summary>
/// <param name="Point">The restore point as published.</param>
/// <param name="Warnings">Sentences for a person: lost tracking, broken promises of a change source.</param>
public sealed record BackupReport(RestorePoint Point, IReadOnlyList<string> Warnings)
{
    /// <summary>For each disk of the point: how many bytes of it were not looked at again, because an interrupted
    /// backup had compared them.</summary>
    public required IReadOnlyList<long> BytesResumed { get; init; }

    /// <summary>Records that were read again, to see that they hold the bytes that were not stored because of them.
    /// </summary>
    public long HitsReread { get; init; }

    /// <summary>Where a change source was caught, one for each such disk.</summary>
    public IReadOnlyList<AuditFinding> Findings { get; init; } = [];
}
