using HyperVBackup.SimulatedHost.Machines;

namespace HyperVBackup.SimulatedHost.Imports;

/// <summary>A machine that the host only plans.</summary>
internal sealed class SimulatedPlan(SimulatedMachine machine, string definition, IEnumerable<Guid> missing)
{
    /// <summary>What it becomes; without disks until then.</summary>
    public SimulatedMachine Machine => machine;

    public string Definition => definition;

    /// <summary>Checkpoints that its definition names and that are not there.</summary>
    public List<Guid> Missing { get; } = [.. missing];

    /// <summary>The images that are to be attached, by place.</summary>
    public SortedDictionary<int, string> Images { get; } = [];

    /// <summary>It is listed from then on.</summary>
    public DateTimeOffset ListedFrom { get; set; }
}
