namespace HyperVBackup.Operations.Backup;

/// <summary>A file of a VM's configuration, to be kept in its restore point.</summary>
/// <param name="Name">Without a folder; another one for each file, without case.</param>
/// <param name="Open">Opens it to be read from its start; called once for each try.</param>
public sealed record ConfigurationSource(string Name, Func<Stream> Open);
