namespace HyperVBackup.Hosts.Vss;

/// <summary>What a writer lets be backed up as one.</summary>
/// <param name="LogicalPath">Empty where it has none.</param>
/// <param name="Files">The paths of the files that are to be backed up; with wildcards where the writer gives such.
/// </param>
public sealed record VssComponent(string LogicalPath, string Name, string Caption, IReadOnlyList<string> Files);
