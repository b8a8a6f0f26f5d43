using HyperVBackup.Hosts.Machines;
using HyperVBackup.Hosts.Wmi;

namespace HyperVBackup.Hosts.Groups;

/// <summary>A recovery checkpoint of all machines of a group, of one moment.</summary>
/// <param name="Path">What names it on its host.</param>
/// <param name="Parts">Each machine's, in the order of the machines.</param>
internal sealed record GroupCheckpoint(
    CimPath Path, MachineConsistency Consistency,
    IReadOnlyList<(VirtualMachine Machine, MachineSettings Checkpoint)> Parts);
