using HyperVBackup.Hosts;
using HyperVBackup.Operations.Backup;

namespace HyperVBackup.Operations.Hosted;

/// <summary>What became of one machine of a job.</summary>
/// <param name="Report">Null where it failed.</param>
/// <param name="Failure">Null where it was backed up.</param>
public sealed record BatchResult(HostedMachine Machine, BackupReport? Report, Exception? Failure);
