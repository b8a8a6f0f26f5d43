namespace HyperVBackup.Hosts.Configurations;

/// <summary>A file of a machine's configuration, as a checkpoint holds it.</summary>
/// <param name="Name">Without a folder. It comes from a host: never use it as a path unchecked.</param>
/// <param name="Open">Opens it to be read from its start; fails with a
/// <see cref="HyperVBackup.Disks.DiskImageException"/>. Only while a disk of the machine is open.</param>
public sealed record MachineFile(string Name, Func<Stream> Open)
{
    /// <summary>Where it is on the host; empty where it is nowhere.</summary>
    internal string Path { get; init; } = "";
}
