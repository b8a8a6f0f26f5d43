namespace HyperVBackup.Hosts.Containers;

/// <summary>A set of machines that changes on its own. Immutable.</summary>
/// <param name="Kind">What makes a machine belong to it.</param>
/// <param name="Name">The host's name, or the folder's path as the hosts know it; of a cluster its name, which decides
/// nothing.</param>
public sealed record MachineContainer(ContainerKind Kind, string Name)
{
    /// <summary>Whether a machine belongs to it, as a node shows it now.</summary>
    public bool Holds(string node, SeenMachine machine)
    {
        ArgumentNullException.ThrowIfNull(machine);
        return Kind switch
        {
            ContainerKind.Cluster => true,
            ContainerKind.Host => IsSameNode(node, Name),
            _ => machine.Files.Any(file => IsIn(file, Name)),
        };
    }

    /// <summary>Whether a machine whose images are not known may be in it: if it was, it is taken for there.</summary>
    internal bool MayHold(SeenMachine machine, bool wasThere) =>
        Kind == ContainerKind.Folder && machine.Trouble is not null && wasThere;

    /// <summary>Whether so many nodes answered that a machine which none of them showed is nowhere in it. For a host
    /// that is the host itself, otherwise all.</summary>
    public bool IsComplete(IReadOnlyList<NodeInventory> nodes)
    {
        ArgumentNullException.ThrowIfNull(nodes);
        IReadOnlyList<NodeInventory> needed = Kind == ContainerKind.Host
            ? [.. nodes.Where(node => IsSameNode(node.Node, Name))]
            : nodes;
        return needed.Count > 0 && needed.All(node => node.Machines is not null);
    }

    internal static bool IsSameNode(string one, string other) =>
        string.Equals(one, other, StringComparison.OrdinalIgnoreCase);

    /// <summary>Hosts do not tell upper from lower case in paths.</summary>
    private static bool IsIn(string file, string folder)
    {
        string path = file.Replace('/', '\\');
        string parent = folder.Replace('/', '\\').TrimEnd('\\') + '\\';
        return path.StartsWith(parent, StringComparison.OrdinalIgnoreCase);
    }
}
