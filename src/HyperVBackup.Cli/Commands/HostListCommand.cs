using System.CommandLine;
using HyperVBackup.Cli.Hosting;
using HyperVBackup.Cli.Output;
using HyperVBackup.Hosts;
using HyperVBackup.Hosts.Containers;
using HyperVBackup.Hosts.Groups;
using HyperVBackup.Hosts.Wmi;

namespace HyperVBackup.Cli.Commands;

/// <summary><c>host list</c>: the machines of this host, or of a container, and the groups of its nodes.</summary>
internal static class HostListCommand
{
    public static Command Create()
    {
        Command command = new("list", "List the machines of this host, or of a container, as they are now.")
        {
            HostArguments.Container,
        };
        command.SetAction((parsed, token) => CommandContext.RunAsync(parsed, RunAsync, token));
        return command;
    }

    private static Task<int> RunAsync(CommandContext context, CancellationToken token)
    {
        HostAccess host = Surroundings.Current.FindHost(context.Environment, token);
        MachineContainer container = HostArguments.ContainerOf(context.Parsed, host)
            ?? new MachineContainer(ContainerKind.Host, host.Name);
        List<NodeInventory> nodes = HostTargets.InventoriesFor(host, container);
        List<(string Node, SeenMachine Machine)> machines = [..
            from node in nodes
            from machine in node.Machines ?? []
            where container.Holds(node.Node, machine)
            orderby machine.Name, machine.Id, node.Node
            select (node.Node, machine)];
        List<NodeInventory> silent = [.. nodes.Where(node => node.Machines is null)];
        foreach (NodeInventory node in silent)
        {
            Surroundings.Current.Errors.WriteLine(
                $"hvbackup: {node.Node} does not tell its machines: {Failures.Closed(node.Silence ?? "")}");
        }

        List<IReadOnlyList<(string Node, MachineGroup Group, IReadOnlyList<string> Machines)>?> told =
            [.. nodes.Where(node => node.Machines is not null).Select(node => GroupsOf(host, node.Node))];
        List<(string Node, MachineGroup Group, IReadOnlyList<string> Machines)> groups =
            [.. told.SelectMany(ofNode => ofNode ?? [])];
        if (context.IsJson)
        {
            WriteJson(machines, groups, silent);
        }
        else
        {
            WriteText(machines, groups);
        }

        return Task.FromResult(silent.Count == 0 && !told.Contains(null) ? ExitCodes.Done : ExitCodes.Failed);
    }

    /// <returns>Null where they are not known, which is told.</returns>
    private static List<(string Node, MachineGroup Group, IReadOnlyList<string> Machines)>? GroupsOf(
        HostAccess host, string node)
    {
        try
        {
            ICimClient cim = host.CimOf(node);
            return [.. MachineGroup.AllOn(cim).Select(group => (node, group, group.MachineNames(cim)))];
        }
        catch (HostException failure)
        {
            Surroundings.Current.Errors.WriteLine(
                $"hvbackup: the groups of {node} are not known: {Failures.Closed(failure.Message)}");
            return null;
        }
    }

    private static void WriteJson(
        List<(string Node, SeenMachine Machine)> machines,
        List<(string Node, MachineGroup Group, IReadOnlyList<string> Machines)> groups,
        List<NodeInventory> silent) => JsonOutput.Write(json =>
    {
        json.WriteArray("machines", machines, (item, place) =>
        {
            item.WriteString("machine", place.Machine.Name);
            item.WriteString("id", place.Machine.Id.ToString("D"));
            item.WriteString("node", place.Node);
            item.WriteString("version", place.Machine.Version);
            item.WriteBoolean("off", place.Machine.IsOff);
            item.WriteStartArray("disks");
            foreach (string file in place.Machine.Files)
            {
                item.WriteStringValue(file);
            }

            item.WriteEndArray();
        });
        json.WriteArray("groups", groups, (item, place) =>
        {
            item.WriteString("group", place.Group.Name);
            item.WriteString("id", place.Group.Id.ToString("D"));
            item.WriteString("node", place.Node);
            item.WriteStartArray("machines");
            foreach (string machine in place.Machines)
            {
                item.WriteStringValue(machine);
            }

            item.WriteEndArray();
        });
        HostOutcomeOutput.WriteSilent(json, silent);
    });

    private static void WriteText(
        List<(string Node, SeenMachine Machine)> machines,
        List<(string Node, MachineGroup Group, IReadOnlyList<string> Machines)> groups)
    {
        using StreamWriter output = new(Surroundings.Current.OpenOutput(), Console.Out.Encoding);
        TextTable table = new("MACHINE", "ID", "NODE", "VERSION", "STATE", "DISKS");
        foreach ((string node, SeenMachine machine) in machines)
        {
            table.Add(
                machine.Name, machine.Id.ToString("D"), node, machine.Version, machine.IsOff ? "off" : "on",
                string.Join(", ", machine.Files));
        }

        table.WriteTo(output);
        if (groups.Count == 0)
        {
            return;
        }

        output.WriteLine();
        TextTable ofGroups = new("GROUP", "ID", "NODE", "MACHINES");
        foreach ((string node, MachineGroup group, IReadOnlyList<string> names) in groups)
        {
            ofGroups.Add(group.Name, group.Id.ToString("D"), node, string.Join(", ", names));
        }

        ofGroups.WriteTo(output);
    }
}
