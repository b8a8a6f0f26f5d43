using HyperVBackup.Hosts.Containers;
using Xunit;

namespace HyperVBackup.Hosts.Tests.Containers;

public sealed class ContainerMembersTests
{
    private const int HistoryCount = 400;
    private const string Folder = @"C:\ClusterStorage\Volume1";

    private static readonly string[] Nodes = ["node-a", "node-b", "node-c"];

    /// <summary>Against what the whole history says, looked at afresh: who was ever found there, and how many complete
    /// inventories came after the last time.</summary>
    [Theory]
    [InlineData(ContainerKind.Cluster, "cluster")]
    [InlineData(ContainerKind.Host, "NODE-B")]
    [InlineData(ContainerKind.Folder, Folder)]
    public void Machines_join_when_seen_and_leave_after_two_complete_inventories_without_them(
        ContainerKind kind, string name)
    {
        MachineContainer container = new(kind, name);
        int left = 0;
        for (int seed = 0; seed < HistoryCount; seed++)
        {
            Random random = new(seed);
            Guid[] ids = [.. Enumerable.Range(0, 4).Select(_ => NewId(random))];
            List<IReadOnlyList<NodeInventory>> history = [];
            ContainerMembers members = ContainerMembers.None;
            for (int round = 0; round < 12; round++)
            {
                history.Add(NewInventory(random, ids));
                ContainerMembers before = members;
                members = members.After(container, history[^1]);
                left += before.Members.Count(member => members.Members.All(now => now.Id != member.Id));
                Assert.Equal(Expected(kind, history, ids), members.Members.Select(member => member.Id));
                Assert.Equal(
                    ids.Where(id => IsFound(kind, history[^1], id)).Order(),
                    members.Present.Select(member => member.Id));
                Assert.Equal(members.ToText(), ContainerMembers.Parse(members.ToText())!.ToText());
            }
        }

        Assert.True(left > HistoryCount / 4);
    }

    [Fact]
    public void A_node_that_does_not_answer_removes_nobody()
    {
        MachineContainer cluster = new(ContainerKind.Cluster, "cluster");
        SeenMachine machine = new(NewId(new Random(1)), "Accounts", []);
        ContainerMembers members = ContainerMembers.None.After(
            cluster, [new("node-a", [machine]), new("node-b", [])]);
        for (int round = 0; round < 5; round++)
        {
            members = members.After(cluster, [new("node-a", null), new("node-b", [])]);
            Assert.Single(members.Members);
            Assert.Empty(members.Present);
        }

        members = members.After(cluster, [new("node-a", []), new("node-b", [])]);
        Assert.Single(members.Members);
        Assert.Empty(members.After(cluster, [new("node-a", []), new("node-b", [])]).Members);
    }

    [Fact]
    public void No_node_at_all_removes_nobody()
    {
        MachineContainer cluster = new(ContainerKind.Cluster, "cluster");
        SeenMachine machine = new(NewId(new Random(1)), "Accounts", []);
        ContainerMembers members = ContainerMembers.None.After(cluster, [new("node-a", [machine])]);
        Assert.Single(members.After(cluster, []).After(cluster, []).After(cluster, []).Members);
        MachineContainer host = new(ContainerKind.Host, "node-a");
        members = ContainerMembers.None.After(host, [new("node-a", [machine])]);
        Assert.Single(members.After(host, [new("node-b", [])]).After(host, [new("node-b", [])]).Members);
    }

    [Fact]
    public void A_machine_that_two_nodes_show_is_there_once_and_stays_where_it_was()
    {
        MachineContainer cluster = new(ContainerKind.Cluster, "cluster");
        SeenMachine machine = new(NewId(new Random(1)), "Accounts", []);
        ContainerMembers members = ContainerMembers.None.After(
            cluster, [new("node-a", []), new("node-b", [machine])]);
        members = members.After(cluster, [new("node-a", [machine]), new("node-b", [machine])]);
        Assert.Equal("node-b", Assert.Single(members.Present).Node);
        members = members.After(cluster, [new("node-a", [machine]), new("node-b", [])]);
        Assert.Equal("node-a", Assert.Single(members.Present).Node);
    }

    [Theory]
    [InlineData(@"C:\ClusterStorage\Volume1\a\system.vhdx", true)]
    [InlineData(@"c:\clusterstorage\VOLUME1\system.vhdx", true)]
    [InlineData("C:/ClusterStorage/Volume1/system.vhdx", true)]
    [InlineData(@"C:\ClusterStorage\Volume10\system.vhdx", false)]
    [InlineData(@"C:\ClusterStorage\Volume1", false)]
    [InlineData(@"D:\C:\ClusterStorage\Volume1\system.vhdx", false)]
    public void A_machine_is_in_a_folder_if_any_image_of_its_is(string file, bool isIn) => Assert.Equal(
        isIn,
        new MachineContainer(ContainerKind.Folder, Folder).Holds(
            "node-a", new SeenMachine(Guid.Empty, "", [@"E:\elsewhere.vhdx", file])));

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[null]")]
    [InlineData("""[{"Id":"00000000-0000-0000-0000-000000000001","Name":"a","MissedCount":0}]""")]
    public void Damaged_notes_are_not_read(string text) => Assert.Null(ContainerMembers.Parse(text));

    private static List<Guid> Expected(ContainerKind kind, List<IReadOnlyList<NodeInventory>> history, Guid[] ids)
    {
        List<Guid> expected = [];
        foreach (Guid id in ids)
        {
            bool isMember = false;
            int missed = 0;
            foreach (IReadOnlyList<NodeInventory> inventory in history)
            {
                bool hasAllAnswered = kind == ContainerKind.Host
                    ? inventory[1].Machines is not null
                    : inventory.All(node => node.Machines is not null);
                missed = IsFound(kind, inventory, id) ? 0 : missed + (hasAllAnswered ? 1 : 0);
                isMember = IsFound(kind, inventory, id) || (isMember && missed < 2);
            }

            if (isMember)
            {
                expected.Add(id);
            }
        }

        expected.Sort();
        return expected;
    }

    private static bool IsFound(ContainerKind kind, IReadOnlyList<NodeInventory> inventory, Guid id) =>
        inventory.Where((_, node) => kind != ContainerKind.Host || node == 1)
            .SelectMany(node => node.Machines ?? [])
            .Any(machine => machine.Id == id && (kind != ContainerKind.Folder || machine.Files[0].StartsWith(Folder)));

    private static NodeInventory[] NewInventory(Random random, Guid[] ids) =>
        [.. Nodes.Select(node => new NodeInventory(
            node,
            random.Next(5) == 0
                ? null
                : [.. ids.Where(_ => random.Next(4) == 0).Select(id => new SeenMachine(
                    id, "machine", [(random.Next(2) == 0 ? Folder : "D:") + @"\system.vhdx"]))]))];

    private static Guid NewId(Random random)
    {
        byte[] bytes = new byte[16];
        random.NextBytes(bytes);
        return new Guid(bytes);
    }
}
