using System.Text.Json;
using HyperVBackup.Hosts;
using HyperVBackup.SimulatedHost.Groups;
using HyperVBackup.SimulatedHost.Machines;
using Xunit;

namespace HyperVBackup.Cli.Tests.Hosting;

/// <summary><c>backup --host --group</c>, and what other commands make of groups, on simulated hosts.</summary>
public sealed class HostGroupTests : IDisposable
{
    private readonly HostedWorld world = new("hv1");
    private readonly SimulatedGroup group;

    public HostGroupTests() => group = world.Host.AddGroup(
        "Shop", world.AddMachine("Web"), world.AddMachine("Accounts"));

    public void Dispose() => world.Dispose();

    [Fact]
    public async Task A_group_is_one_point_with_the_disks_of_all_its_machines_and_restores()
    {
        await InitAsync();

        JsonElement first = (await world.RunAsync("backup", "--host", "--group", "shop")).Json();
        group.Members[1].Disks[0].WriteRandomly(5);
        CommandResult again = await world.RunAsync("backup", "--host", "--group", group.Id.ToString());
        using JsonDocument document = JsonDocument.Parse(again.Output);
        JsonElement second = document.RootElement;

        Assert.Equal(("Shop", "full"), (Text(first, "vm"), Text(first, "kind")));
        Assert.Equal((0, "recovered"), (again.ExitCode, Text(second, "kind")));
        Assert.Contains("changes of a group's disks are not tracked", again.Errors, StringComparison.Ordinal);
        Assert.Equal(
            ["Accounts-system", "Web-system"],
            second.GetProperty("disks").EnumerateArray().Select(disk => Text(disk, "disk")).Order());
        foreach (SimulatedMachine machine in group.Members)
        {
            string path = world.PathOf(machine.Name + ".raw");
            (await world.RunAsync(
                "restore", Text(second, "restorePoint"), "--disk", machine.Name + "-system", "-o", path,
                "--format", "raw")).Json();
            byte[] restored = await File.ReadAllBytesAsync(path);
            Guid id = machine.Disks[0].Id;
            Assert.Equal(world.Host.Asked.Last(made => made.Contents.ContainsKey(id)).Contents[id], restored);
            Assert.Empty(machine.Checkpoints);
        }
    }

    [Fact]
    public async Task Groups_and_machines_are_backed_up_in_one_job_and_one_that_is_not_there_stops_no_other()
    {
        await InitAsync();
        world.Host.AddGroup("Twin", world.AddMachine("A"));
        world.Host.AddGroup("Twin", world.AddMachine("B"));

        CommandResult result = await world.RunAsync(
            "backup", "--host", "--group", "Twin", "Nobody", "Shop", "--vm", "Web");
        CommandResult plain = await world.RunPlainAsync("backup", "--host", "--group", "Shop", "--vm", "Web");

        Assert.Equal(1, result.ExitCode);
        using JsonDocument document = JsonDocument.Parse(result.Output);
        JsonElement[] told = [.. document.RootElement.GetProperty("machines").EnumerateArray()];
        Assert.Equal(["done", "failed", "failed", "done"], told.Select(one => Text(one, "result")));
        Assert.Equal("Web", Text(told[0], "machine"));
        Assert.Contains("Several groups are named 'Twin'", Text(told[1], "error"), StringComparison.Ordinal);
        Assert.Contains("no group 'Nobody' on this host", Text(told[2], "error"), StringComparison.Ordinal);
        Assert.Equal("Shop", Text(told[3], "group"));
        Assert.Matches(@"\nShop \(group\) +hv1 +recovered ", plain.Output);
        Assert.Contains("2 of 2 machines and groups were backed up", plain.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Beside_machines_that_are_read_from_volume_snapshots_a_group_is_read_from_its_checkpoint()
    {
        await InitAsync();
        world.AddMachine("Other");

        JsonElement both = (await world.RunAsync(
            "backup", "--host", "--volume-snapshots", "--group", "Shop", "--vm", "Other")).Json();

        JsonElement[] told = [.. both.GetProperty("machines").EnumerateArray()];
        Assert.Equal(["done", "done"], told.Select(one => Text(one, "result")));
        Assert.Equal(2, told[1].GetProperty("disks").GetArrayLength());
        Assert.All(world.Host.Machines, machine => Assert.Empty(machine.Checkpoints));
    }

    [Fact]
    public async Task Groups_are_listed_with_their_machines_and_a_host_that_knows_none_is_listed_too()
    {
        JsonElement listed = (await world.RunAsync("host", "list")).Json();
        string text = (await world.RunPlainAsync("host", "list")).Output;
        world.Host.KnowsGroups = false; // as before 2016
        JsonElement old = (await world.RunAsync("host", "list")).Json();
        CommandResult refused = await world.RunAsync("backup", "--host", "--group", "Shop");

        JsonElement shop = listed.GetProperty("groups").EnumerateArray().Single();
        Assert.Equal("Shop", Text(shop, "group"));
        Assert.Equal((group.Id, "hv1"), (shop.GetProperty("id").GetGuid(), Text(shop, "node")));
        Assert.Equal(
            ["Accounts", "Web"], shop.GetProperty("machines").EnumerateArray().Select(name => name.GetString()));
        Assert.Matches(@"\nShop +[0-9a-f-]{36} +hv1 +Accounts, Web", text);
        Assert.Equal(0, old.GetProperty("groups").GetArrayLength());
        Assert.Equal(2, old.GetProperty("machines").GetArrayLength());
        Assert.NotEqual(0, refused.ExitCode);
    }

    [Fact]
    public async Task Groups_that_the_host_does_not_tell_are_said_and_hide_no_machine()
    {
        world.Watch = name =>
        {
            if (name == "associators Msvm_CollectedVirtualSystems")
            {
                throw new HostException("Provider failure (0x80041004).", 0x80041004);
            }
        };

        CommandResult result = await world.RunAsync("host", "list");

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("the groups of hv1 are not known: Provider failure", result.Errors, StringComparison.Ordinal);
        using JsonDocument document = JsonDocument.Parse(result.Output);
        Assert.Equal(2, document.RootElement.GetProperty("machines").GetArrayLength());
    }

    [Fact]
    public async Task A_point_of_a_group_is_no_machine_to_restore_to_a_host_which_is_said_and_leaves_nothing()
    {
        await InitAsync();
        (await world.RunAsync("backup", "--host", "--group", "Shop")).Json();
        string folder = world.PathOf("restored");

        CommandResult result = await world.RunAsync("host", "restore", "Shop@latest", "-o", folder);

        Assert.Contains("configuration", result.Failure(), StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder));
        Assert.Equal(2, world.Host.Machines.Count);
    }

    [Theory]
    [InlineData("--group needs --host", "--group", "Shop")]
    [InlineData("--group or with --container", "--host", "--group", "Shop", "--container", "host")]
    [InlineData("'' names no machine and no group", "--host", "--group", "")]
    public async Task Wrong_usage_is_said(string needle, params string[] arguments)
    {
        CommandResult result = await world.RunAsync(["backup", .. arguments]);

        Assert.Equal(2, result.ExitCode);
        Assert.Contains(needle, result.Errors, StringComparison.Ordinal);
    }

    private async Task InitAsync() => (await world.RunAsync("init", "--chunk-size", "16KiB")).Json();

    private static string Text(JsonElement item, string name) => item.GetProperty(name).GetString()!;
}
