namespace HyperVBackup.Hosts.VolumeSnapshots;

/// <summary>A volume of a host.</summary>
/// <param name="Name">What tells it from any other, also where it has several paths.</param>
/// <param name="IsShared">Whether it is a cluster shared volume.</param>
public sealed record HostVolume(string Name, bool IsShared);
