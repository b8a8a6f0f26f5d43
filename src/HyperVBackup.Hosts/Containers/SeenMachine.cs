namespace HyperVBackup.Hosts.Containers;

/// <summary>A machine as one node shows it.</summary>
/// <param name="Id">What it is known by everywhere.</param>
/// <param name="Name">What people call it.</param>
/// <param name="Files">The paths of the images that it writes.</param>
public sealed record SeenMachine(Guid Id, string Name, IReadOnlyList<string> Files)
{
    /// <summary>Its configuration version, as in <c>8.0</c>; empty where it is not told.</summary>
    public string Version { get; init; } = "";

    public bool IsOff { get; init; }

    /// <summary>Why its images are not known: one sentence; null where they are. It is there all the same.</summary>
    public string? Trouble { get; init; }
}
