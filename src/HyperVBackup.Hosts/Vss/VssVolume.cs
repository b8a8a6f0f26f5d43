namespace HyperVBackup.Hosts.Vss;

/// <summary>A volume as a path leads to it.</summary>
/// <param name="Name">What tells it from any other, also where it has several paths.</param>
/// <param name="MountPath">How the paths of its files begin, with a separator at its end.</param>
/// <param name="IsShared">Whether it is a cluster shared volume.</param>
public sealed record VssVolume(string Name, string MountPath, bool IsShared);
