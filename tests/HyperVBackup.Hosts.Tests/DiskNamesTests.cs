using HyperVBackup.Format.Points;
using HyperVBackup.Hosts.Tests.Kit;
using HyperVBackup.Operations.Hosted;
using HyperVBackup.SimulatedHost.Machines;
using Xunit;

namespace HyperVBackup.Hosts.Tests;

public sealed class DiskNamesTests
{
    private const string One = "11111111-2222-3333-4444-555555555555";
    private const string Other = "99999999-2222-3333-4444-555555555555";

    [Fact]
    public void Whatever_a_disks_file_is_called_its_name_is_one_that_a_restore_point_can_hold()
    {
        string[] files = ["", ".", "..", "a\ud800", "\udc00b", "bell\u0007", new('x', 201), new('x', 5000)];
        foreach (string file in files)
        {
            string[] names = [.. DiskNames.Of([(One, $@"D:\VMs\{file}.vhdx"), (Other, @"D:\VMs\data.vhdx")])];
            Assert.Equal([One, "data"], names);
            Assert.All(names, name => Assert.True(DiskName.IsValid(name)));
        }

        Assert.Equal(["\ud83d\ude00"], DiskNames.Of([(One, "\ud83d\ude00.vhdx")]));
    }

    [Fact]
    public void Disks_whose_files_have_one_name_are_told_apart()
    {
        string name = new('x', 180);
        foreach (string identity in (string[])[One, Other])
        {
            string[] names =
                [.. DiskNames.Of([(One, $"a/{name}.vhdx"), (identity, $"b/{name.ToUpperInvariant()}.vhd")])];
            Assert.Equal(2, names.Distinct(StringComparer.OrdinalIgnoreCase).Count());
            Assert.All(names, found => Assert.True(DiskName.IsValid(found)));
        }
    }

    [Fact]
    public async Task A_machine_with_a_disk_of_too_long_a_name_is_backed_up_and_restored()
    {
        using World world = await World.MakeAsync();
        SimulatedMachine machine = world.Host.AddMachine("Long");
        machine.AddDisk(new string('x', 203), World.DiskBytes).WriteRandomly(10);
        machine.IsWriting = false;

        RestorePoint point = await world.BackupOfAsync(machine);
        HostedRestoreReport report = await world.ImportAsync(new HostedRestoreRequest
        {
            Point = point.Id,
            Folder = Path.Join(world.NewFolder("restored"), "machine"),
        });

        Assert.Equal(machine.Disks[0].Id.ToString("D"), point.Disks[0].Name);
        SimulatedMachine made = world.Host.Machines.Single(found => found.Id == report.Machine!.Id);
        Assert.True(made.Disks[0].ReadAll().AsSpan().SequenceEqual(machine.Disks[0].ReadAll()));
    }
}
