using HyperVBackup.Hosts.Containers;
using HyperVBackup.Hosts.Groups;
using HyperVBackup.Hosts;

namespace HyperVBackup.Cli.Hosting;

/// <summary>Which machines a command is to back up.</summary>
/// <param name="Due">Those to back up now, and those that cannot be.</param>
/// <param name="Absent">Members of the container that no node showed, though those answered where they were.</param>
/// <param name="Silent">Nodes that did not answer: nobody knows which machines of theirs are due.</param>
internal sealed record HostTargets(
    IReadOnlyList<HostTarget> Due, IReadOnlyList<ContainerMember> Absent, IReadOnlyList<NodeInventory> Silent)
{
    /// <summary>Machines by name or GUID: those of this host, else of its cluster. One that is not found, or whose name
    /// several have, is in the way of no other; nor is a node that does not answer.</summary>
    /// <param name="groups">Groups of machines, by name or GUID: those of this host.</param>
    public static HostTargets Of(HostAccess host, IEnumerable<string> machines, IEnumerable<string> groups)
    {
        List<HostTarget> due = [];
        IEnumerable<HostTarget> all = machines.Distinct(StringComparer.OrdinalIgnoreCase)
            .Select(asked => Find(host, asked))
            .Concat(groups.Distinct(StringComparer.OrdinalIgnoreCase).Select(asked => FindGroup(host, asked)));
        foreach (HostTarget found in all)
        {
            if (found.Id is null || !due.Exists(other => other.Id == found.Id))
            {
                due.Add(found);
            }
        }

        return new HostTargets(due, [], []);
    }

    /// <summary>The machines of a container, by an inventory of now.</summary>
    /// <param name="before">Its members so far.</param>
    /// <param name="after">Its members now, to be kept.</param>
    /// <exception cref="HostException">There is no such container.</exception>
    public static HostTargets Of(
        HostAccess host, MachineContainer container, ContainerMembers before, out ContainerMembers after)
    {
        List<NodeInventory> nodes = InventoriesFor(host, container);
        ContainerMembers members = after = before.After(container, nodes);
        List<NodeInventory> silent = [.. nodes.Where(node => node.Machines is null)];
        if (members.Present.Count == 0 && silent.Count == 0)
        {
            throw new HostException($"No machine is in {ContainerText.Of(container)}: is that its name?");
        }

        ILookup<bool, ContainerMember> unseen = before.Members
            .ExceptBy(members.Present.Select(member => member.Id), member => member.Id)
            .ToLookup(member => silent.Exists(node => IsSame(node.Node, member.Node)));
        return new HostTargets(
            [
                .. members.Present.Select(member => new HostTarget(member.Name, member.Id, member.Node)),
                .. unseen[true].Select(member => new HostTarget(
                    member.Name, member.Id, member.Node, $"{member.Node} does not tell its machines.")),
            ],
            [.. unseen[false]],
            silent);
    }

    /// <summary>What the nodes tell that may have a machine of a container.</summary>
    /// <exception cref="HostException">There is no such container.</exception>
    public static List<NodeInventory> InventoriesFor(HostAccess host, MachineContainer container)
    {
        if (container.Kind == ContainerKind.Cluster && ClusterNodes.Of(host.CimOf(host.Name)).Count == 0)
        {
            throw new HostException($"The host {host.Name} is in no cluster.");
        }

        IReadOnlyList<string> nodes = container.Kind == ContainerKind.Host && host.IsThis(container.Name)
            ? [host.Name]
            : host.Nodes();
        if (container.Kind == ContainerKind.Host)
        {
            nodes = [.. nodes.Where(node => IsSame(node, container.Name))];
        }

        if (nodes.Count == 0)
        {
            throw new HostException($"'{container.Name}' is neither this host nor a node of its cluster.");
        }

        List<NodeInventory> told = [.. nodes.Select(host.InventoryOf)];
        foreach (SeenMachine machine in told.SelectMany(node => node.Machines ?? []))
        {
            if (machine.Trouble is string trouble)
            {
                Surroundings.Current.Errors.WriteLine(
                    $"hvbackup: the disks of '{machine.Name}' are not known: {Failures.Closed(trouble)}");
            }
        }

        return told;
    }

    private static bool IsSame(string node, string other) =>
        string.Equals(node, other, StringComparison.OrdinalIgnoreCase);

    private static HostTarget Find(HostAccess host, string asked)
    {
        List<string> silences = [];
        List<(string Node, SeenMachine Machine)> found = On(host.Name);
        if (found.Count == 0)
        {
            found = [.. Ask(host.Name, host.Nodes).Where(node => !host.IsThis(node)).SelectMany(On)];
        }

        return found.Count > 0 || silences.Count == 0
            ? One(asked, found)
            : new HostTarget(
                asked, null, "", $"There is no machine '{asked}' where that is told; {string.Join(" ", silences)}");

        List<(string Node, SeenMachine Machine)> On(string node) =>
            [.. Ask(node, () => NodeInventory.Find(host.CimOf(node), asked)).Select(machine => (node, machine))];

        IReadOnlyList<T> Ask<T>(string node, Func<IReadOnlyList<T>> question)
        {
            try
            {
                return question();
            }
            catch (HostException failure)
            {
                silences.Add($"{node} does not answer: {Failures.Closed(failure.Message)}");
                return [];
            }
        }
    }

    private static HostTarget FindGroup(HostAccess host, string asked)
    {
        HostTarget Not(string obstacle) => new(asked, null, host.Name, obstacle) { IsGroup = true };
        try
        {
            return MachineGroup.Find(host.CimOf(host.Name), asked) switch
            {
                [] => Not($"There is no group '{asked}' on this host."),
                [MachineGroup one] => new HostTarget(one.Name, one.Id, host.Name) { IsGroup = true },
                IReadOnlyList<MachineGroup> several => Not(
                    $"Several groups are named '{asked}': name one by its GUID, which is "
                    + string.Join(" or ", several.Select(group => group.Id)) + "."),
            };
        }
        catch (HostException failure)
        {
            return Not($"The groups of this host are not known: {Failures.Closed(failure.Message)}");
        }
    }

    private static HostTarget One(string asked, List<(string Node, SeenMachine Machine)> found) =>
        found.Select(place => place.Machine.Id).Distinct().Count() switch
        {
            0 => new HostTarget(asked, null, "", $"There is no machine '{asked}' on this host or in its cluster."),
            1 => new HostTarget(found[0].Machine.Name, found[0].Machine.Id, found[0].Node),
            _ => new HostTarget(
                asked, null, "",
                $"Several machines are named '{asked}': name one by its GUID, which is "
                + string.Join(" or ", found.Select(place => place.Machine.Id).Distinct()) + "."),
        };
}
