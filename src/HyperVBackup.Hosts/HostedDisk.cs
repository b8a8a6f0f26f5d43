using HyperVBackup.Disks.Changes;

namespace HyperVBackup.Hosts;

/// <summary>A virtual hard disk of a machine on a host.</summary>
/// <param name="Name">The base image's file name without extension; with some of the identity behind it where two of
/// the machine's have one name; the identity where the file's name can be no disk's.</param>
/// <param name="File">Where its live image is.</param>
/// <param name="Source">What it is backed up from.</param>
public sealed record HostedDisk(string Name, string File, IChangeSource Source);
