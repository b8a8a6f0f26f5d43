using HyperVBackup.Hosts.Wmi;

namespace HyperVBackup.Hosts.Imports;

/// <summary>A machine that a host only plans, by whatever program.</summary>
internal sealed record PlannedMachine(CimPath Path, Guid Id);
