using System.Text.Json;
using HyperVBackup.SimulatedHost;
using HyperVBackup.SimulatedHost.Machines;
using Xunit;

namespace HyperVBackup.Cli.Tests.Hosting;

/// <summary><c>host restore</c> on simulated hosts.</summary>
public sealed class HostRestoreTests
{
    [Fact]
    public async Task A_restore_point_becomes_a_machine_of_the_host_beside_the_original()
    {
        using HostedWorld world = await NewWorldAsync();
        SimulatedMachine original = world.Host.Machines[0];
        string folder = world.PathOf("restored");

        JsonElement restored = (await world.RunAsync(
            "host", "restore", "Accounts@latest", "-o", folder, "--name", "Accounts again")).Json();

        SimulatedMachine made = Assert.Single(world.Host.Machines, machine => machine != original);
        Assert.Equal(made.Id.ToString("D"), restored.GetProperty("id").GetString());
        Assert.Equal("Accounts again", restored.GetProperty("machine").GetString());
        Assert.True(made.IsOff);
        Assert.Equal(original.Disks[0].ReadAll(), made.Disks[0].ReadAll());
        Assert.StartsWith(folder, made.Disks[0].Path, StringComparison.Ordinal);
        CommandResult again = await world.RunAsync("host", "restore", "Accounts@latest", "-o", folder);
        Assert.Contains("is not empty", again.Failure(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_host_refuses_is_one_sentence_and_leaves_nothing()
    {
        using HostedWorld world = await NewWorldAsync();
        string folder = world.PathOf("restored");
        CommandResult there = await world.RunAsync(
            "host", "restore", "Accounts@latest", "-o", folder, "--as-original");
        Assert.Contains("is on this host", there.Failure(), StringComparison.Ordinal);
        world.Host.PlanFor = method =>
            method == "RealizePlannedSystem" ? new JobPlan { Refusal = 32769 } : HostedWorld.Plainly;
        CommandResult refused = await world.RunAsync("host", "restore", "Accounts@latest", "-o", folder);
        Assert.Contains("access was denied", refused.Failure(), StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder));
        Assert.Equal(0, world.Host.PlannedCount);
        Assert.Single(world.Host.Machines);
    }

    [Fact]
    public async Task Without_a_host_its_files_are_written_with_a_script()
    {
        using HostedWorld world = await NewWorldAsync();
        string folder = world.PathOf("restored");
        CommandResult usage = await world.RunAsync(
            "host", "restore", "Accounts@latest", "-o", folder, "--files-only", "--as-original");
        Assert.Contains("--files-only", usage.WrongUsage(), StringComparison.Ordinal);

        JsonElement written = (await world.RunAsync(
            "host", "restore", "Accounts@latest", "-o", folder, "--files-only")).Json();

        Assert.Equal(JsonValueKind.Null, written.GetProperty("machine").ValueKind);
        Assert.True(File.Exists(written.GetProperty("script").GetString()));
        Assert.True(File.Exists(Path.Join(folder, "system.vhdx")));
        Assert.Single(Directory.GetFiles(folder, "*.vmcx"));
        Assert.Single(world.Host.Machines);
    }

    private static async Task<HostedWorld> NewWorldAsync()
    {
        HostedWorld world = new("hv1");
        world.AddMachine("Accounts").IsWriting = false;
        Assert.Equal(0, (await world.RunAsync("init")).ExitCode);
        Assert.Equal(0, (await world.RunAsync("backup", "--host", "--vm", "Accounts")).ExitCode);
        return world;
    }
}
