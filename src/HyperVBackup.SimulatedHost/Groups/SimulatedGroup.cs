using HyperVBackup.SimulatedHost.Machines;

namespace HyperVBackup.SimulatedHost.Groups;

/// <summary>A VM group: a collection of machines.</summary>
public sealed class SimulatedGroup
{
    internal SimulatedGroup(Guid id, string name) => (Id, Name) = (id, name);

    public Guid Id { get; }

    public string Name { get; }

    /// <summary>Its machines; users change them at any time.</summary>
    public IList<SimulatedMachine> Members { get; } = [];

    /// <summary>What was made of it and is there, with each machine's checkpoint.</summary>
    internal Dictionary<Guid, Dictionary<SimulatedMachine, SimulatedCheckpoint>> Checkpoints { get; } = [];
}
