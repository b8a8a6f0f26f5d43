using System.Text.Json;

namespace HyperVBackup.Hosts.Containers;

/// <summary>
/// Which machines a container has. A machine joins as soon as any node shows it there. It leaves once two inventories,
/// to which all answered that could have it, did not find it there, and none in between did; its restore points stay.
/// An inventory to which a node did not answer removes nobody; a machine that a node shows without its images stays
/// where it was. One that several nodes show, as amid a migration, is
/// there once: on the node where it was, if that one shows it. Immutable.
/// </summary>
public sealed class ContainerMembers
{
    /// <summary>After so many complete inventories without it a machine has left.</summary>
    public const int MissedCountMax = 2;

    private ContainerMembers(IReadOnlyList<ContainerMember> members) => Members = members;

    /// <summary>Nobody was seen yet.</summary>
    public static ContainerMembers None { get; } = new([]);

    /// <summary>In the order of their ids; each id once.</summary>
    public IReadOnlyList<ContainerMember> Members { get; }

    /// <summary>Those that the latest inventory found, to be backed up now, each once. Of notes read again nobody.
    /// </summary>
    public IReadOnlyList<ContainerMember> Present { get; private init; } = [];

    /// <summary>The members after an inventory.</summary>
    /// <param name="container">Always the same.</param>
    /// <param name="nodes">One for each node that there is, whether it answered or not.</param>
    public ContainerMembers After(MachineContainer container, IReadOnlyList<NodeInventory> nodes)
    {
        ArgumentNullException.ThrowIfNull(container);
        ArgumentNullException.ThrowIfNull(nodes);
        Dictionary<Guid, ContainerMember> now = Members.ToDictionary(member => member.Id);
        Dictionary<Guid, ContainerMember> seen = (
            from node in nodes
            from machine in node.Machines ?? []
            where container.Holds(node.Node, machine) || container.MayHold(machine, now.ContainsKey(machine.Id))
            select new ContainerMember(machine.Id, machine.Name, node.Node, 0))
            .GroupBy(member => member.Id)
            .ToDictionary(places => places.Key, places => HomeOf(places, now.GetValueOrDefault(places.Key)));
        int missed = container.IsComplete(nodes) ? 1 : 0;
        IEnumerable<ContainerMember> unseen = Members
            .Where(member => !seen.ContainsKey(member.Id))
            .Select(member => member with { MissedCount = member.MissedCount + missed })
            .Where(member => member.MissedCount < MissedCountMax);
        return new ContainerMembers([.. seen.Values.Concat(unseen).OrderBy(member => member.Id)])
        {
            Present = [.. seen.Values.OrderBy(member => member.Id)],
        };
    }

    public string ToText() =>
        JsonSerializer.Serialize([.. Members], ContainerMembersJson.Default.ContainerMemberArray);

    /// <summary>Null where the text is none that <see cref="ToText"/> writes.</summary>
    public static ContainerMembers? Parse(string text)
    {
        try
        {
            ContainerMember[]? members =
                JsonSerializer.Deserialize(text, ContainerMembersJson.Default.ContainerMemberArray);
            bool isWhole = members is not null
                && members.All(member => member is { Name: not null, Node: not null, MissedCount: >= 0 })
                && members.DistinctBy(member => member.Id).Count() == members.Length;
            return isWhole ? new ContainerMembers([.. members!.OrderBy(member => member.Id)]) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static ContainerMember HomeOf(IEnumerable<ContainerMember> places, ContainerMember? before) => places
        .OrderByDescending(place => before is not null && MachineContainer.IsSameNode(place.Node, before.Node))
        .ThenBy(place => place.Node, StringComparer.OrdinalIgnoreCase)
        .First();
}
