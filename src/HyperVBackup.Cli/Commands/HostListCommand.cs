using System.CommandLine;
using HyperVBackup.Cli.Hosting;
using HyperVBackup.Cli.Output;
using HyperVBackup.Hosts.Containers;

namespace HyperVBackup.Cli.Commands;

/// <summary><c>host list</c>: the machines of this host, or of a container.</summary>
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

        if (context.IsJson)
        {
            WriteJson(machines, silent);
        }
        else
        {
            WriteText(machines);
        }

        return Task.FromResult(silent.Count == 0 ? ExitCodes.Done : ExitCodes.Failed);
    }

    private static void WriteJson(
        List<(string Node, SeenMachine Machine)> machines, List<NodeInventory> silent) => JsonOutput.Write(json =>
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
        HostOutcomeOutput.WriteSilent(json, silent);
    });

    private static void WriteText(List<(string Node, SeenMachine Machine)> machines)
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
    }
}
