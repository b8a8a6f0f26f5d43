using HyperVBackup.Format.Points;
using HyperVBackup.Hosts.Containers;
using HyperVBackup.Hosts.Tests.Kit;
using HyperVBackup.Operations.Hosted;
using HyperVBackup.SimulatedHost;
using HyperVBackup.SimulatedHost.Machines;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.Hosts.Tests.Containers;

/// <summary>Several simulated nodes, and machines that go from one to the other.</summary>
public sealed class ClusterTests
{
    private static readonly MachineContainer Cluster = new(ContainerKind.Cluster, "cluster");

    [Fact]
    public async Task A_machine_that_moves_keeps_its_chain_and_is_backed_up_once_though_two_nodes_show_it()
    {
        using TestFolder folder = new();
        using World world = await World.MakeAsync();
        world.Journals = new FileJournals(folder.File("notes"));
        SimulatedHyperV[] nodes =
            [world.Host, new SimulatedHyperV(folder.File("b"), 2), new SimulatedHyperV(folder.File("c"), 3)];
        ContainerMembers members = ContainerMembers.None;
        for (int run = 0; run < 4; run++)
        {
            members = members.After(Cluster, Look(nodes));
            ContainerMember member = Assert.Single(members.Present);
            Assert.Equal(world.Machine.Id, member.Id);
            Assert.Equal(NameOf(nodes, world.Host), member.Node);
            RestorePoint point = (await world.BackupAsync()).Point;
            Assert.All(point.Disks, disk => Assert.Equal(
                run == 0 ? RestorePointKind.Full : RestorePointKind.Incremental, disk.Kind));
            world.RequireNothingLeft();
            SimulatedHyperV to = nodes[(run + 1) % nodes.Length];
            SimulatedHyperV from = world.Host;
            from.MoveTo(to, world.Machine, leaves: false);
            members = members.After(Cluster, Look(nodes));
            Assert.Equal(NameOf(nodes, from), Assert.Single(members.Present).Node);
            to.Remove(world.Machine);
            world.MoveTo(to);
        }

        Assert.Equal(4, await world.CheckPointsAsync());
        Assert.Equal(0, world.WrongPoints);
    }

    [Fact]
    public void What_is_only_planned_is_not_there_and_a_silent_node_is_told_of()
    {
        using TestFolder folder = new();
        SimulatedHyperV[] nodes = [new SimulatedHyperV(folder.File("a"), 1), new SimulatedHyperV(folder.File("b"), 2)];
        SimulatedMachine machine = nodes[0].AddMachine("Accounts");
        machine.AddDisk("system", World.DiskBytes);
        nodes[1].AddMachine("Planned").IsPlanned = true;
        ContainerMembers members = ContainerMembers.None.After(Cluster, Look(nodes));
        Assert.Equal(("Accounts", "node-0"), (Assert.Single(members.Present).Name, members.Present[0].Node));
        Assert.Equal([machine.Disks[0].Path], Look(nodes)[0].Machines![0].Files);
        nodes[0].IsSilent = true;
        NodeInventory[] silent = Look(nodes);
        Assert.Null(silent[0].Machines);
        Assert.Contains("0x800706BA", silent[0].Silence);
        Assert.Single(members.After(Cluster, silent).After(Cluster, silent).After(Cluster, silent).Members);
        nodes[0].IsSilent = false;
        nodes[0].Remove(machine);
        members = members.After(Cluster, Look(nodes));
        Assert.Single(members.Members);
        Assert.Empty(members.After(Cluster, Look(nodes)).Members);
    }

    [Fact]
    public void A_machine_that_cannot_be_asked_is_there_with_its_trouble_and_silences_no_other()
    {
        using TestFolder folder = new();
        SimulatedHyperV[] nodes = [new SimulatedHyperV(folder.File("a"), 1)];
        SimulatedMachine bad = nodes[0].AddMachine("Accounts");
        string path = bad.AddDisk("system", World.DiskBytes).Path;
        nodes[0].AddMachine("Other").AddDisk("system", World.DiskBytes);
        MachineContainer folderOfBad = new(ContainerKind.Folder, Path.GetDirectoryName(path)!);
        ContainerMembers all = ContainerMembers.None.After(Cluster, Look(nodes));
        ContainerMembers inFolder = ContainerMembers.None.After(folderOfBad, Look(nodes));
        Assert.Equal((2, 1), (all.Present.Count, inFolder.Present.Count)); // the node itself is no machine
        bad.IsUnreadable = true;
        for (int run = 0; run < 3; run++)
        {
            all = all.After(Cluster, Look(nodes));
            inFolder = inFolder.After(folderOfBad, Look(nodes));
            Assert.Equal((2, 1), (all.Present.Count, inFolder.Present.Count));
        }

        SeenMachine seen = Look(nodes)[0].Machines!.Single(machine => machine.Trouble is not null);
        Assert.Equal((bad.Id, "Accounts"), (seen.Id, seen.Name));
        Assert.Contains("0x80041004", seen.Trouble);
        Assert.Empty(ContainerMembers.None.After(folderOfBad, Look(nodes)).Members);
    }

    private static NodeInventory[] Look(SimulatedHyperV[] nodes) =>
        [.. nodes.Select(node => NodeInventory.Of(NameOf(nodes, node), new SimulatedProcess(node)))];

    private static string NameOf(SimulatedHyperV[] nodes, SimulatedHyperV node) =>
        $"node-{Array.IndexOf(nodes, node)}";
}
