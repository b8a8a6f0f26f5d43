namespace HyperVBackup.SimulatedHost.Machines;

/// <summary>What a simulated machine's definition file says.</summary>
/// <param name="Checkpoints">The users' checkpoints that it was made on.</param>
internal sealed record SimulatedDefinition(
    Guid Id, string Name, string Version, bool HasGuestState, IReadOnlyList<SimulatedAttachment> Disks,
    IReadOnlyList<Guid> Checkpoints);
