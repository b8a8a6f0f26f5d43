using System.Text.Json;
using HyperVBackup.SimulatedHost;
using HyperVBackup.SimulatedHost.Machines;
using Xunit;

namespace HyperVBackup.Cli.Tests.Hosting;

/// <summary><c>backup --host</c> and <c>host list</c> on simulated hosts.</summary>
public sealed class HostBackupTests
{
    [Fact]
    public async Task Machines_are_backed_up_in_full_and_then_by_what_changed_and_restore()
    {
        using HostedWorld world = await NewWorldAsync("hv1");
        SimulatedMachine accounts = world.AddMachine("Accounts");
        SimulatedMachine web = world.AddMachine("Web");
        world.AddMachine("Not asked for");
        string[] command = ["backup", "--host", "--vm", "accounts", web.Id.ToString()];

        JsonElement first = (await world.RunAsync(command)).Json();
        accounts.Disks[0].WriteRandomly(5);
        JsonElement second = (await world.RunAsync(command)).Json();

        Assert.Equal("hv1", first.GetProperty("host").GetString());
        Assert.Equal(["done", "done"], All(first, "result"));
        Assert.Equal(["full", "full"], All(first, "kind"));
        Assert.Equal(["incremental", "incremental"], All(second, "kind"));
        Assert.Equal(["Accounts", "Web"], All(second, "machine"));
        Assert.All([accounts, web], machine => Assert.Empty(machine.Checkpoints));
        Assert.All([accounts, web], machine => Assert.Single(machine.ReferencePoints));
        await RequireRestoresAsync(world, second.GetProperty("machines")[0], accounts);
    }

    [Fact]
    public async Task The_result_of_one_machine_is_that_of_any_backup()
    {
        using HostedWorld world = await NewWorldAsync("hv1");
        SimulatedMachine machine = world.AddMachine("Accounts");

        JsonElement one = (await world.RunAsync("backup", "--host", "--vm", "Accounts")).Json();

        Assert.Equal("Accounts", one.GetProperty("vm").GetString());
        Assert.Equal("full", one.GetProperty("kind").GetString());
        Assert.Equal("system", one.GetProperty("disks")[0].GetProperty("disk").GetString());
        await RequireRestoresAsync(world, one, machine);
    }

    [Fact]
    public async Task One_machine_that_fails_stops_no_other_and_shows_in_table_and_exit_code()
    {
        using HostedWorld world = await NewWorldAsync("hv1");
        world.AddMachine("Accounts");
        world.AddMachine("Web");
        world.AddMachine("Web");
        world.AddMachine("Last");
        int askedCount = 0;
        world.Host.PlanFor = method => method == "CreateSnapshot" && ++askedCount == 1
            ? new JobPlan { Refusal = 32769 }
            : HostedWorld.Plainly;
        string[] command = ["backup", "--host", "--vm", "Accounts", "--vm", "Web", "Nobody", "Last"];

        CommandResult result = await world.RunAsync(command);

        Assert.Equal(1, result.ExitCode);
        using JsonDocument document = JsonDocument.Parse(result.Output);
        Assert.Equal(["failed", "failed", "failed", "done"], All(document.RootElement, "result"));
        string[] errors = [.. All(document.RootElement, "error")];
        Assert.Contains("access was denied", errors[0], StringComparison.Ordinal);
        Assert.Contains("Several machines are named 'Web'", errors[1], StringComparison.Ordinal);
        Assert.Contains("no machine 'Nobody'", errors[2], StringComparison.Ordinal);
        Assert.All(errors, error => Assert.Contains(error, result.Errors, StringComparison.Ordinal));

        CommandResult text = await world.RunPlainAsync(command);
        Assert.Equal(1, text.ExitCode);
        string[] lines = text.Output.Split('\n');
        Assert.Matches(@"^MACHINE +NODE +RESULT +POINT +READ +CHANGED +STORED$", lines[0]);
        Assert.Matches(@"^Accounts +hv1 +full +\w{26} ", lines[1]);
        Assert.Matches(@"^Web +FAILED$", lines[2]);
        Assert.Matches(@"^Nobody +FAILED$", lines[3]);
        Assert.Matches(@"^Last +hv1 +incremental +\w{26} ", lines[4]);
        Assert.Contains("2 of 4 machines were backed up.", text.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_allowed_and_asked_for_reaches_the_host()
    {
        using HostedWorld world = await NewWorldAsync("hv1");
        SimulatedMachine old = world.AddMachine("Old", version: "5.0");
        world.Host.PlanFor = method => method == "CreateSnapshot"
            ? new JobPlan { Refusal = 2 }
            : HostedWorld.Plainly;
        string[] command = ["backup", "--host", "--vm", "Old", "--keep-checkpoints"];
        Assert.Equal(1, (await world.RunAsync(command)).ExitCode);

        CommandResult first = await world.RunAsync([.. command, "--allow-crash-consistent"]);
        CommandResult second = await world.RunAsync([.. command, "--allow-crash-consistent"]);

        Assert.Equal((0, 0), (first.ExitCode, second.ExitCode));
        Assert.Contains("as of a power cut only", first.Errors, StringComparison.Ordinal);
        using JsonDocument document = JsonDocument.Parse(second.Output);
        Assert.Equal(["incremental"], All(document.RootElement, "kind"));
        Assert.Single(old.Checkpoints);
        SimulatedCheckpoint left = old.CreateCheckpoint("of whom?", true, world.Host.Now);
        string id = "Microsoft:" + left.Id.ToString("D").ToUpperInvariant();
        Assert.Equal(
            0, (await world.RunAsync([.. command, "--allow-crash-consistent", "--own-checkpoint", id])).ExitCode);
        Assert.DoesNotContain(left, old.Checkpoints);
    }

    [Fact]
    public async Task A_checkpoint_that_a_person_calls_anothers_stays_and_keeps_no_backup_away()
    {
        using HostedWorld world = await NewWorldAsync("hv1");
        SimulatedMachine machine = world.AddMachine("Accounts");
        world.Host.NamesCheckpoints = false;
        string[] command = ["backup", "--host", "--vm", "Accounts"];
        bool isCut = false;
        world.Watch = call =>
        {
            isCut |= call == "CreateSnapshot";
            if (isCut && call != "CreateSnapshot")
            {
                throw new Hosts.HostException("The connection is cut.");
            }
        };
        Assert.Equal(1, (await world.RunAsync(command)).ExitCode);
        world.Watch = null;
        world.Host.Advance(TimeSpan.FromMinutes(10)); // the host forgets its jobs
        SimulatedCheckpoint left = Assert.Single(machine.Checkpoints);
        string id = "Microsoft:" + left.Id.ToString("D").ToUpperInvariant();

        CommandResult refused = await world.RunAsync(command);
        CommandResult done = await world.RunAsync([.. command, "--others-checkpoint", id]);

        Assert.Equal(1, refused.ExitCode);
        Assert.Contains($"({id})", refused.Errors, StringComparison.Ordinal);
        Assert.Contains("--others-checkpoint", refused.Errors, StringComparison.Ordinal);
        Assert.Equal(0, done.ExitCode);
        Assert.Equal([left], machine.Checkpoints);
    }

    [Fact]
    public async Task A_node_that_does_not_answer_hides_no_machine_of_another_one()
    {
        using HostedWorld world = await NewWorldAsync("hv1", "hv2", "hv3");
        world.AddMachine("Web", world.Nodes["hv3"]);
        world.Nodes["hv2"].IsSilent = true;

        CommandResult web = await world.RunAsync("backup", "--host", "--vm", "Web");
        CommandResult nobody = await world.RunAsync("backup", "--host", "--vm", "Nobody");

        Assert.Equal("full", web.Json().GetProperty("kind").GetString());
        Assert.Equal(1, nobody.ExitCode);
        Assert.Contains("'Nobody'", nobody.Errors, StringComparison.Ordinal);
        Assert.Contains("hv2 does not answer", nobody.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Machines_of_a_container_join_and_leave_on_their_own()
    {
        using HostedWorld world = await NewWorldAsync("hv1");
        SimulatedMachine accounts = world.AddMachine("Accounts");
        string[] command = ["backup", "--host", "--container", "host"];
        Assert.Equal(["Accounts"], All((await world.RunAsync(command)).Json(), "machine"));
        world.AddMachine("Web");
        Assert.Equal(["full", "incremental"], All((await world.RunAsync(command)).Json(), "kind").Order());
        world.Host.Remove(accounts);

        JsonElement first = (await world.RunAsync(command)).Json();
        JsonElement second = (await world.RunAsync(command)).Json();
        JsonElement third = (await world.RunAsync(command)).Json();

        Assert.Equal(["Web"], All(first, "machine"));
        Assert.Equal(
            [1, 1, 0], new[] { first, second, third }.Select(run => run.GetProperty("absent").GetArrayLength()));
        Assert.Equal("Accounts", first.GetProperty("absent")[0].GetProperty("machine").GetString());
    }

    [Fact]
    public async Task Damaged_notes_of_a_container_are_told_and_made_anew()
    {
        using HostedWorld world = await NewWorldAsync("hv1");
        world.AddMachine("Accounts");
        string[] command = ["backup", "--host", "--container", "host:HV1"];
        (await world.RunAsync(command)).Json();
        string notes = Assert.Single(Directory.GetFiles(
            world.PathOf(Path.Join("state", "hosts", "containers")), "*", SearchOption.AllDirectories));
        await File.WriteAllTextAsync(notes, "[");

        CommandResult told = await world.RunAsync(command);

        Assert.Equal(0, told.ExitCode);
        Assert.Contains("what was noted of host:HV1 is damaged", told.Errors, StringComparison.OrdinalIgnoreCase);
        (await world.RunAsync(command)).Json();
    }

    [Fact]
    public async Task A_machine_of_a_cluster_is_backed_up_wherever_it_is_and_a_silent_node_is_told()
    {
        using HostedWorld world = await NewWorldAsync("hv1", "hv2");
        SimulatedHyperV other = world.Nodes["hv2"];
        SimulatedMachine accounts = world.AddMachine("Accounts");
        SimulatedMachine web = world.AddMachine("Web", other);
        string[] command = ["backup", "--host", "--container", "cluster:c"];
        Assert.Equal(["full", "full"], All((await world.RunAsync(command)).Json(), "kind"));
        world.Host.MoveTo(other, accounts);
        other.MoveTo(world.Host, web);

        JsonElement moved = (await world.RunAsync(command)).Json();
        other.IsSilent = true;
        CommandResult silent = await world.RunAsync(command);
        JsonElement byName = (await world.RunAsync("backup", "--host", "--vm", "Web")).Json();

        Assert.Equal(["incremental", "incremental"], All(moved, "kind"));
        Assert.Equal(["hv1", "hv2"], All(moved, "node").Order());
        Assert.Equal(1, silent.ExitCode);
        using JsonDocument document = JsonDocument.Parse(silent.Output);
        Assert.Equal(["Accounts failed", "Web done"], All(document.RootElement, "machine")
            .Zip(All(document.RootElement, "result"), (machine, result) => $"{machine} {result}").Order());
        Assert.Equal("hv2", document.RootElement.GetProperty("silentNodes")[0].GetProperty("node").GetString());
        Assert.Contains("0x800706BA", silent.Errors, StringComparison.Ordinal);
        Assert.Equal("incremental", byName.GetProperty("kind").GetString());
    }

    [Fact]
    public async Task Another_nodes_own_volume_is_never_read_here()
    {
        using HostedWorld world = await NewWorldAsync("hv1", "hv2");
        SimulatedMachine web = world.AddMachine("Web", world.Nodes["hv2"]);
        web.Disks[0].MoveTo(web.Disks[0].Path[1..]); // a path like any other
        int openedCount = 0;
        world.Watch = name => openedCount += name == "open disk" ? 1 : 0;

        CommandResult result = await world.RunAsync("backup", "--host", "--vm", "Web");

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("on a volume of hv2's own", result.Errors, StringComparison.Ordinal);
        Assert.Equal(0, openedCount);
        Assert.Empty(web.Checkpoints);
    }

    [Theory]
    [InlineData("cluster:c", "in no cluster")]
    [InlineData("host:hv9", "neither this host nor a node")]
    [InlineData("folder:D:\\Nowhere", "No machine is in folder:D:\\Nowhere")]
    public async Task A_container_that_is_not_there_is_said(string container, string needle)
    {
        using HostedWorld world = await NewWorldAsync("hv1");
        world.AddMachine("Accounts");

        CommandResult result = await world.RunAsync("backup", "--host", "--container", container);

        Assert.Contains(needle, result.Failure(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Machines_are_listed_as_they_are()
    {
        using HostedWorld world = await NewWorldAsync("hv1", "hv2");
        world.AddMachine("Web").IsOff = true;
        SimulatedMachine old = world.AddMachine("Old", version: "5.0");
        world.AddMachine("Far", world.Nodes["hv2"]);

        JsonElement here = (await world.RunAsync("host", "list")).Json();
        string all = (await world.RunPlainAsync("host", "list", "--container", "cluster")).Output;
        old.IsUnreadable = true;
        CommandResult troubled = await world.RunPlainAsync("host", "list");
        world.Nodes["hv2"].IsSilent = true;
        CommandResult silent = await world.RunAsync("host", "list", "--container", "cluster");

        Assert.Equal(["Old", "Web"], All(here, "machine"));
        Assert.Equal(["5.0", "10.0"], All(here, "version"));
        Assert.Equal([old.Disks[0].Path], here.GetProperty("machines")[0].GetProperty("disks").EnumerateArray()
            .Select(disk => disk.GetString()));
        Assert.Matches(@"\nWeb +[0-9a-f-]{36} +hv1 +10\.0 +off +/", all);
        Assert.Matches(@"\nFar +[0-9a-f-]{36} +hv2 +10\.0 +on +/", '\n' + all);
        Assert.Matches(@"\nWeb +[0-9a-f-]{36} +hv1 +10\.0 +off +/", troubled.Output);
        Assert.Contains(
            "the disks of 'Old' are not known: Provider failure", troubled.Errors, StringComparison.Ordinal);
        Assert.Equal(1, silent.ExitCode);
        Assert.Contains("hv2 does not tell its machines", silent.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_probe_tells_what_holds_and_fails_where_anything_does_not()
    {
        using HostedWorld world = new("hv1");
        SimulatedMachine machine = world.AddMachine("Throw-away");
        machine.IdsOutliveReferencePoints = true;

        JsonElement good = (await world.RunAsync("host", "probe", "--vm", "throw-away")).Json();
        machine.IdsOutliveReferencePoints = false;
        CommandResult bad = await world.RunPlainAsync("host", "probe", "--vm", "throw-away");
        CommandResult nobody = await world.RunAsync("host", "probe", "--vm", "Nobody");

        Assert.Equal(
            ["holds", "holds", "holds", "notAsked", "notAsked", "holds", "holds", "holds", "holds"],
            good.GetProperty("points").EnumerateArray().Select(point => point.GetProperty("result").GetString()));
        Assert.Equal((1, ""), (bad.ExitCode, bad.Errors));
        Assert.Matches(@"\n7 +DOES NOT HOLD +a tracking id outlives its reference point +\S", bad.Output);
        Assert.Contains("no machine 'Nobody'", nobody.Failure(), StringComparison.Ordinal);
        Assert.Empty(machine.Checkpoints);
        Assert.Empty(machine.ReferencePoints);
    }

    [Fact]
    public async Task A_probe_around_what_is_done_to_a_machine_tells_what_came_of_its_changes()
    {
        using HostedWorld world = new("hv1");
        SimulatedMachine machine = world.AddMachine("Throw-away");

        CommandResult before = await world.RunPlainAsync("host", "probe", "--vm", "throw-away", "--before");
        machine.Disks[0].WriteRandomly(3);
        JsonElement after = (await world.RunAsync("host", "probe", "--vm", "throw-away", "--after")).Json();
        CommandResult both = await world.RunAsync("host", "probe", "--vm", "throw-away", "--after", "--before");

        Assert.Contains($"hvbackup host probe --vm {machine.Id:D} --after", before.Output, StringComparison.Ordinal);
        JsonElement point = after.GetProperty("points").EnumerateArray().Single();
        Assert.Equal((5, "holds"), (point.GetProperty("point").GetInt32(), point.GetProperty("result").GetString()));
        Assert.Equal(2, both.ExitCode);
        Assert.Empty(machine.ReferencePoints);
    }

    [Fact]
    public async Task Where_there_is_no_host_that_is_said_in_a_sentence()
    {
        using HvBackup hvbackup = new();
        await hvbackup.InitAsync();

        foreach (string[] command in new string[][]
            { ["host", "list"], ["host", "probe", "--vm", "Web"], ["backup", "--host", "--vm", "Web"] })
        {
            Assert.Contains(
                "This is no Hyper-V host", (await hvbackup.RunAsync(command)).Failure(), StringComparison.Ordinal);
        }
    }

    private static async Task<HostedWorld> NewWorldAsync(params string[] nodes)
    {
        HostedWorld world = new(nodes);
        (await world.RunAsync("init", "--chunk-size", "16KiB")).Json();
        return world;
    }

    private static IEnumerable<string> All(JsonElement document, string name) =>
        from machine in document.GetProperty("machines").EnumerateArray()
        where machine.TryGetProperty(name, out _)
        select machine.GetProperty(name).GetString();

    private static async Task RequireRestoresAsync(HostedWorld world, JsonElement backup, SimulatedMachine machine)
    {
        string path = world.PathOf("restored.raw");
        string point = backup.GetProperty("restorePoint").GetString()!;
        (await world.RunAsync("restore", point, "--output", path, "--format", "raw")).Json();
        byte[] asked = world.Host.Asked.Last(checkpoint => checkpoint.Contents.ContainsKey(machine.Disks[0].Id))
            .Contents[machine.Disks[0].Id];
        byte[] restored = await File.ReadAllBytesAsync(path);
        Assert.True(asked.AsSpan().SequenceEqual(restored));
    }
}
