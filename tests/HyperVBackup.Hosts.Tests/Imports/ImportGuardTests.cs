using HyperVBackup.Format.Points;
using HyperVBackup.Hosts.Configurations;
using HyperVBackup.Hosts.Tests.Kit;
using HyperVBackup.Operations;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Hosted;
using HyperVBackup.Repository;
using HyperVBackup.SimulatedHost;
using HyperVBackup.SimulatedHost.Images;
using Xunit;

namespace HyperVBackup.Hosts.Tests.Imports;

/// <summary>What keeps an import from going on.</summary>
public sealed class ImportGuardTests
{
    [Theory]
    [InlineData("write file", "ImportSystemDefinition")]
    [InlineData("ImportSystemDefinition", "ModifyResourceSettings")]
    public async Task An_original_that_comes_back_meanwhile_ends_its_import_before_the_host_is_asked_for_more(
        string comesBackAfter, string isNotAsked)
    {
        using World world = await World.MakeAsync();
        RestorePoint point = (await world.BackupAsync()).Point;
        Original original = new(world.Machine);
        SimulatedHyperV other = new(world.NewFolder("other"), 7);
        world.Host.PlanFor = _ => new JobPlan();
        world.Host.MoveTo(other, world.Machine);
        HostedRestoreRequest request = new()
        {
            Point = point.Id,
            Folder = Path.Join(world.NewFolder("restored"), "machine"),
            AsOriginal = true,
        };
        SimulatedProcess process = world.NewProcess();
        process.Watch = call =>
        {
            bool isDone = comesBackAfter == "write file"
                ? Directory.Exists(request.Folder) && Directory.GetFiles(request.Folder).Length > 0
                : process.Calls.Contains(comesBackAfter) && call != comesBackAfter;
            if (isDone && other.Machines.Count > 0)
            {
                other.MoveTo(world.Host, world.Machine);
            }
        };

        HostException refusal = await Assert.ThrowsAsync<HostException>(() => world.ImportAsync(request, process));

        Assert.Contains("is on this host", refusal.Message);
        Assert.DoesNotContain(isNotAsked, process.Calls);
        Assert.Equal(0, world.Host.PlannedCount);
        Assert.False(Directory.Exists(request.Folder));
        original.RequireUntouched(world.Host);
    }

    [Fact]
    public async Task A_point_that_lacks_the_file_which_defines_its_machine_is_refused_before_anything_is_written()
    {
        using World world = await World.MakeAsync();
        RestorePoint point = await BackUpAsync(world, manifest => manifest with { Definition = "another.vmcx" });
        HostedRestoreRequest request = new()
        {
            Point = point.Id,
            Folder = Path.Join(world.NewFolder("restored"), "machine"),
        };

        RepositoryDamagedException refusal =
            await Assert.ThrowsAsync<RepositoryDamagedException>(() => world.ImportAsync(request));

        Assert.Contains("another.vmcx", refusal.Message);
        await Assert.ThrowsAsync<RepositoryDamagedException>(
            () => new HostedRestore(world.Repository, world.NewEngine()).WriteAsync(request));
        Assert.False(Directory.Exists(request.Folder));
    }

    [Fact]
    public async Task The_script_that_registers_a_machine_holds_any_name_and_asks_for_every_disk()
    {
        using World world = await World.MakeAsync();
        SimulatedHost.Machines.SimulatedMachine machine = world.Host.AddMachine("Bob's \u2018old\u2019 one");
        SimulatedDisk disk = machine.AddDisk("Bob's \u2018old\u2019 disk", World.DiskBytes);
        RestorePoint point = await world.BackupOfAsync(machine);
        HostedRestoreRequest request = new()
        {
            Point = point.Id,
            Folder = Path.Join(world.NewFolder("restored"), "machine"),
        };

        HostedRestoreReport report =
            await new HostedRestore(world.Repository, world.NewEngine()).WriteAsync(request);

        byte[] script = File.ReadAllBytes(report.Script!);
        Assert.Equal([0xEF, 0xBB, 0xBF], script[..3]); // else Windows PowerShell reads it in the system's code page
        string text = File.ReadAllText(report.Script!);
        const string Quoted = "Bob''s \u2018\u2018old\u2019\u2019 disk.vhdx'";
        Assert.Contains($"/{Quoted} = '{Quoted}", text);
        Assert.EndsWith("disk.vhdx", disk.Path);
        int counted = text.IndexOf("if ($matched.Count -lt $disks.Count) { throw ", StringComparison.Ordinal);
        Assert.InRange(counted, 0, text.IndexOf("Import-VM", StringComparison.Ordinal));
    }

    private static async Task<RestorePoint> BackUpAsync(World world, Func<MachineManifest, MachineManifest> change)
    {
        (_, BackupEngine engine) = await world.OpenAsync();
        SimulatedProcess process = world.NewProcess();
        BackupRequest request = HostedBackup.RequestFor(
            HostedMachine.Find(world.Options(), world.EnvironmentOf(process)));
        BackupReport report = await engine.BackupAsync(request with
        {
            FindConfiguration = () => [.. request.FindConfiguration!().Select(file =>
                file.Name == MachineManifest.FileName
                    ? new ConfigurationSource(file.Name, () => Changed(file))
                    : file)],
        });
        process.Kill(); // it ends
        return report.Point;

        Stream Changed(ConfigurationSource file)
        {
            using Stream stream = file.Open();
            using MemoryStream bytes = new();
            stream.CopyTo(bytes);
            return new MemoryStream(change(MachineManifest.Parse(bytes.ToArray())!).ToBytes());
        }
    }
}
