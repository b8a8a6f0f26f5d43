using HyperVBackup.Hosts.Wmi;

namespace HyperVBackup.Hosts.Machines;

/// <summary>A reference point of a machine, by whatever program: the state that its tracking ids begin from.</summary>
/// <param name="DiskIds">The attachments of the machine that it speaks of.</param>
/// <param name="TrackingIds">What names the state of each, in the same order; as many, or nothing of it is to be
/// believed.</param>
internal sealed record ReferencePoint(
    CimPath Path, string InstanceId, IReadOnlyList<string> DiskIds, IReadOnlyList<string> TrackingIds);
