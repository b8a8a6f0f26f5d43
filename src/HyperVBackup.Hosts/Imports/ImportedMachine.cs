namespace HyperVBackup.Hosts.Imports;

/// <summary>A machine that was imported; it is off.</summary>
/// <param name="Name">What people call it.</param>
/// <param name="Folder">Where its files are.</param>
public sealed record ImportedMachine(Guid Id, string Name, string Folder);
