using HyperVBackup.Disks;
using HyperVBackup.Format.Points;

namespace HyperVBackup.Operations.Backup;

/// <summary>What a backup did.</summary>
/// <param name="Point">The restore point as published.</param>
/// <param name="Warnings">Sentences for a person: lost tracking, broken promises of a change source.</param>
public sealed record BackupReport(RestorePoint Point, IReadOnlyList<string> Warnings);
