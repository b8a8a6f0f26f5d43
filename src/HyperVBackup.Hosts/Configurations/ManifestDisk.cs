namespace HyperVBackup.Hosts.Configurations;

/// <summary>Where a disk of a restore point was attached.</summary>
/// <param name="Disk">Its name in the restore point.</param>
/// <param name="File">The image's path, as the machine's configuration has it.</param>
/// <param name="Place">The attachment, without the settings it is in.</param>
public sealed record ManifestDisk(string Disk, string File, string Place);
