namespace HyperVBackup.Hosts.Containers;

/// <summary>A machine as one node shows it.</summary>
/// <param name="Id">What it is known by everywhere.</param>
/// <param name="Name">What people call it.</param>
/// <param name="Files">The paths of the images that it writes.</param>
public sealed record SeenMachine(Guid Id, string Name, IReadOnlyList<string> Files);
