using HyperVBackup.Hosts;
using HyperVBackup.Hosts.Checkpoints;
using HyperVBackup.Hosts.Configurations;
using HyperVBackup.Hosts.Containers;
using HyperVBackup.Hosts.VirtualDisks;
using HyperVBackup.Hosts.VolumeSnapshots;
using HyperVBackup.Hosts.Wmi;

namespace HyperVBackup.Cli.Hosting;

/// <summary>The Hyper-V host that a command runs on, and through it the other nodes of its cluster. Not thread-safe.
/// </summary>
internal sealed class HostAccess
{
    private readonly Dictionary<string, ICimClient> connections = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>This host's name.</summary>
    public required string Name { get; init; }

    /// <summary>Reaches the WMI providers of a node, this host or another.</summary>
    public required Func<string, ICimClient> Connect { private get; init; }

    public required IVirtualDiskHost Disks { get; init; }

    public IImageFiles Images { get; init; } = new ImageFiles();

    public IHostFiles Files { get; init; } = new HostFiles();

    public required IWaiter Waiter { get; init; }

    /// <summary>Begins with what makes snapshots of this host's volumes, which may throw a <see cref="HostException"/>;
    /// null where nothing does.</summary>
    public Func<IVolumeSnapshots>? OpenVolumes { get; init; }

    /// <summary>Null for files in this host's state folder.</summary>
    public ICheckpointJournals? Journals { get; init; }

    /// <exception cref="HostException">The node cannot be reached.</exception>
    public ICimClient CimOf(string node)
    {
        if (!connections.TryGetValue(node, out ICimClient? cim))
        {
            connections.Add(node, cim = Connect(node));
        }

        return cim;
    }

    /// <summary>The nodes of the host's cluster; itself alone where it is in none.</summary>
    /// <exception cref="HostException">The cluster cannot be asked.</exception>
    public IReadOnlyList<string> Nodes() => ClusterNodes.Of(CimOf(Name)) is { Count: > 0 } nodes ? nodes : [Name];

    public bool IsThis(string node) => string.Equals(node, Name, StringComparison.OrdinalIgnoreCase);

    /// <summary>What a node tells of its machines; a node that is not reached tells nothing.</summary>
    public NodeInventory InventoryOf(string node)
    {
        try
        {
            return NodeInventory.Of(node, CimOf(node));
        }
        catch (HostException failure)
        {
            return new NodeInventory(node, null, failure.Message);
        }
    }
}
