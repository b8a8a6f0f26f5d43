using System.Text.Json;
using HyperVBackup.SimulatedHost;
using HyperVBackup.SimulatedHost.Machines;
using Xunit;

namespace HyperVBackup.Cli.Tests.Hosting;

/// <summary><c>backup --host --volume-snapshots</c> on simulated hosts.</summary>
public sealed class HostBatchTests
{
    /// <summary>How many machines a job has, if not a few.</summary>
    private const string CountVariable = "HVBACKUP_HOST_MACHINES";

    private const int FewMachines = 12;

    [Fact]
    public async Task All_machines_of_a_job_are_read_from_one_snapshot_of_each_volume_and_restore()
    {
        int count = int.TryParse(Environment.GetEnvironmentVariable(CountVariable), out int many)
            ? many
            : FewMachines;
        using HostedWorld world = await NewWorldAsync("hv1");
        List<SimulatedMachine> machines = [.. Enumerable.Range(0, count).Select(number =>
        {
            SimulatedMachine machine = world.AddMachine($"machine{number:D3}");
            machine.Volume = number % 3 == 0 ? "CSV1" : "D:";
            machine.IsWriting = number % 10 == 0;
            return machine;
        })];
        List<string> calls = [];
        world.Watch = calls.Add;
        string[] command = ["backup", "--host", "--container", "host", "--volume-snapshots"];

        JsonElement first = (await world.RunAsync(command)).Json();
        Assert.Equal(2, world.Host.Volumes.MadeCount);
        Assert.True(calls.LastIndexOf("CreateSnapshot") < calls.IndexOf("create snapshot"));
        Assert.True(calls.LastIndexOf("ConvertToReferencePoint") < calls.IndexOf("read disk"));
        machines[^1].Disks[0].WriteRandomly(5);
        JsonElement second = (await world.RunAsync(command)).Json();

        Assert.Equal(4, world.Host.Volumes.MadeCount);
        Assert.Equal(0, world.Host.Volumes.Count);
        Assert.Equal(Enumerable.Repeat("full", count), All(first, "kind"));
        Assert.Equal(Enumerable.Repeat("incremental", count), All(second, "kind"));
        Assert.Equal(machines.Select(machine => machine.Name), All(second, "machine").Order());
        Assert.All(machines, machine => Assert.Empty(machine.Checkpoints));
        await RequireRestoresAsync(world, second, machines[^1]);
        await RequireRestoresAsync(world, second, machines[0]);
    }

    [Fact]
    public async Task Limits_make_further_snapshots_of_a_volume()
    {
        using HostedWorld world = await NewWorldAsync("hv1");
        for (int number = 0; number < 5; number++)
        {
            world.AddMachine($"machine{number}").Volume = number < 3 ? "CSV1" : "D:";
        }

        string[] command = ["backup", "--host", "--container", "host", "--volume-snapshots"];
        (await world.RunAsync([.. command, "--machines-per-volume", "1"])).Json();
        Assert.Equal(3, world.Host.Volumes.MadeCount);
        (await world.RunAsync([.. command, "--machines-per-shared-volume", "1"])).Json();
        Assert.Equal(3 + 4, world.Host.Volumes.MadeCount);
    }

    [Fact]
    public async Task One_machine_of_a_batch_that_fails_stops_no_other()
    {
        using HostedWorld world = await NewWorldAsync("hv1");
        world.AddMachine("Accounts");
        world.AddMachine("Gone").AddDisk("shared", HostedWorld.DiskBytes).IsShared = true;
        world.AddMachine("Last");
        int askedCount = 0;
        world.Host.PlanFor = method => method == "CreateSnapshot" && ++askedCount == 1
            ? new JobPlan { Refusal = 32769 }
            : HostedWorld.Plainly;

        CommandResult result = await world.RunAsync(
            "backup", "--host", "--volume-snapshots", "--vm", "Accounts", "Gone", "Nobody", "Last");

        Assert.Equal(1, result.ExitCode);
        using JsonDocument document = JsonDocument.Parse(result.Output);
        Assert.Equal(["Accounts", "Gone", "Nobody", "Last"], All(document.RootElement, "machine"));
        Assert.Equal(["failed", "failed", "failed", "done"], All(document.RootElement, "result"));
        string[] errors = [.. All(document.RootElement, "error")];
        Assert.Contains("access was denied", errors[0], StringComparison.Ordinal);
        Assert.Contains("shared with other machines", errors[1], StringComparison.Ordinal);
        Assert.Contains("no machine 'Nobody'", errors[2], StringComparison.Ordinal);
        Assert.Equal(0, world.Host.Volumes.Count);
    }

    [Fact]
    public async Task What_fails_when_all_machines_are_backed_up_is_told()
    {
        using HostedWorld world = await NewWorldAsync("hv1");
        world.AddMachine("Accounts");
        string notes = world.PathOf(Path.Join("state", "hosts", "notes"));
        world.Watch = call =>
        {
            if (call == "delete snapshot" && Directory.Exists(notes))
            {
                Directory.Move(notes, notes + " elsewhere");
            }
        };

        CommandResult result = await world.RunAsync("backup", "--host", "--vm", "Accounts", "--volume-snapshots");

        Assert.Equal(0, result.ExitCode);
        Assert.Contains("cannot be written", result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Machines_of_other_nodes_are_backed_up_beside_the_batch()
    {
        using HostedWorld world = await NewWorldAsync("hv1", "hv2");
        world.AddMachine("Accounts");
        world.AddMachine("Web", world.Nodes["hv2"]);

        JsonElement both = (await world.RunAsync(
            "backup", "--host", "--container", "cluster", "--volume-snapshots")).Json();

        Assert.Equal(["done", "done"], All(both, "result"));
        Assert.Equal(1, world.Host.Volumes.MadeCount);
        Assert.Equal(0, world.Nodes["hv2"].Volumes.MadeCount);
    }

    [Fact]
    public async Task Where_nothing_makes_snapshots_that_is_said_before_anything_is_done()
    {
        using HostedWorld world = await NewWorldAsync("hv1");
        world.AddMachine("Accounts");
        world.HasVolumeSnapshots = false;
        int askedCount = 0;
        world.Watch = _ => askedCount++;

        CommandResult none = await world.RunAsync("backup", "--host", "--vm", "Accounts", "--volume-snapshots");
        CommandResult alone = await world.RunAsync("backup", "--host", "--vm", "A", "--machines-per-volume", "2");
        world.HasVolumeSnapshots = true;
        CommandResult zero = await world.RunAsync(
            "backup", "--host", "--vm", "A", "--volume-snapshots", "--machines-per-volume", "0");

        Assert.Contains("leave --volume-snapshots out", none.Failure(), StringComparison.Ordinal);
        Assert.Contains("needs --volume-snapshots", alone.Errors, StringComparison.Ordinal);
        Assert.Contains("at least 1", zero.Errors, StringComparison.Ordinal);
        Assert.Equal((2, 2), (alone.ExitCode, zero.ExitCode));
        Assert.Equal(0, askedCount);
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
        select machine.GetProperty(name).GetString()!;

    private static async Task RequireRestoresAsync(HostedWorld world, JsonElement run, SimulatedMachine machine)
    {
        string path = world.PathOf(machine.Name + ".raw");
        string point = run.GetProperty("machines").EnumerateArray()
            .Single(one => one.GetProperty("machine").GetString() == machine.Name)
            .GetProperty("restorePoint").GetString()!;
        (await world.RunAsync("restore", point, "--output", path, "--format", "raw")).Json();
        byte[] asked = world.Host.Asked.Last(checkpoint => checkpoint.Contents.ContainsKey(machine.Disks[0].Id))
            .Contents[machine.Disks[0].Id];
        byte[] restored = await File.ReadAllBytesAsync(path);
        Assert.True(asked.AsSpan().SequenceEqual(restored));
    }
}
