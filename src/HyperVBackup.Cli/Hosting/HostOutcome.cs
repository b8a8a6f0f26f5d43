using HyperVBackup.Operations.Backup;

namespace HyperVBackup.Cli.Hosting;

/// <summary>What became of one machine.</summary>
/// <param name="Report">Null where it was not backed up.</param>
/// <param name="Failure">One sentence; null where it was backed up.</param>
internal sealed record HostOutcome(HostTarget Target, BackupReport? Report, string? Failure);
