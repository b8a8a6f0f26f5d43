using HyperVBackup.Hosts.Machines;
using HyperVBackup.Hosts.Wmi;

namespace HyperVBackup.Hosts.Containers;

/// <summary>What one node told of its machines.</summary>
/// <param name="Node">The node's name.</param>
/// <param name="Machines">All that are on it; null where it did not answer, or not to the end.</param>
/// <param name="Silence">Why not: one sentence.</param>
public sealed record NodeInventory(string Node, IReadOnlyList<SeenMachine>? Machines, string? Silence = null)
{
    /// <summary>Asks a node. Machines that are only planned there, as the target of a migration or of an import is,
    /// are none of its yet. One that cannot be asked is there, with its trouble.</summary>
    public static NodeInventory Of(string node, ICimClient cim)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(cim);
        HostCatalog catalog = new(cim);
        try
        {
            return new NodeInventory(node, [.. catalog.Machines().SelectMany(machine => See(catalog, machine))]);
        }
        catch (HostException failure)
        {
            return new NodeInventory(node, null, failure.Message);
        }
    }

    /// <summary>The machines of a node that have a GUID or, without case, a name; none where it has none.
    /// One that cannot be asked has its trouble.</summary>
    /// <exception cref="HostException">The node cannot be asked.</exception>
    public static IReadOnlyList<SeenMachine> Find(ICimClient cim, string nameOrId)
    {
        ArgumentNullException.ThrowIfNull(cim);
        ArgumentNullException.ThrowIfNull(nameOrId);
        HostCatalog catalog = new(cim);
        IEnumerable<VirtualMachine> found = Guid.TryParse(nameOrId, out Guid id)
            ? [.. new[] { catalog.FindMachine(id) }.OfType<VirtualMachine>()]
            : catalog.Machines().Where(
                machine => string.Equals(machine.Name, nameOrId, StringComparison.OrdinalIgnoreCase));
        return [.. found.SelectMany(machine => See(catalog, machine))];
    }

    private static IEnumerable<SeenMachine> See(HostCatalog catalog, VirtualMachine machine)
    {
        try
        {
            MachineSettings? live = catalog.SettingsOf(machine).Find(settings => settings.IsLive);
            return live is null
                ? []
                :
                [
                    new SeenMachine(machine.Id, machine.Name, [.. catalog.DisksOf(live).Select(disk => disk.File)])
                    {
                        Version = live.Version,
                        IsOff = machine.IsOff,
                    },
                ];
        }
        catch (HostException failure)
        {
            return [new SeenMachine(machine.Id, machine.Name, []) { IsOff = machine.IsOff, Trouble = failure.Message }];
        }
    }
}
