using HyperVBackup.Format.Points;
using HyperVBackup.Hosts.Configurations;
using HyperVBackup.Hosts.Tests.Kit;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Restore;
using HyperVBackup.SimulatedHost;
using HyperVBackup.SimulatedHost.Machines;
using HyperVBackup.Storage;
using Xunit;

namespace HyperVBackup.Hosts.Tests.Configurations;

public sealed class ConfigurationTests
{
    [Theory]
    [InlineData(1, false)]
    [InlineData(2, true)]
    public async Task Every_file_of_the_checkpoints_configuration_is_in_the_point_and_restores(int seed, bool isBusy)
    {
        using World world = await World.MakeAsync(seed, isBusy);
        for (int run = 0; run < 3; run++)
        {
            world.Machine.GuestState = Bytes(seed + run, 70_000);
            BackupReport report = await world.BackupAsync();
            string folder = world.NewFolder($"run{run}");
            Dictionary<string, byte[]> files = await RestoreAsync(world, report.Point, folder);
            MachineManifest manifest = MachineManifest.Parse(files[MachineManifest.FileName])!;
            files.Remove(MachineManifest.FileName);
            IReadOnlyDictionary<string, byte[]> held = world.Host.Asked[^1].Files;
            Assert.Equal(3, held.Count);
            Assert.Equal(held.Keys.Order(), files.Keys.Order());
            Assert.All(held, file => Assert.Equal(file.Value, files[file.Key]));
            Assert.Equal((world.Machine.Id, "Accounts", "10.0"), (manifest.Machine, manifest.Name, manifest.Version));
            Assert.EndsWith(".vmcx", manifest.Definition);
            Assert.Contains(manifest.Definition, held.Keys);
            Assert.Equal(report.Point.Disks.Select(disk => disk.Name), manifest.Disks.Select(disk => disk.Disk));
            Assert.Equal(2, manifest.Disks.Select(disk => disk.Place).Distinct().Count());
        }

        world.RequireNothingLeft();
    }

    [Fact]
    public async Task A_machine_whose_configuration_is_not_found_is_backed_up_only_where_that_is_allowed()
    {
        using World world = await World.MakeAsync();
        world.Machine.GuestState = Bytes(8, 1000);
        await world.BackupAsync();
        world.WithEnvironment = environment => environment with { Files = new Without(environment.Files, ".vmgs") };
        Exception? refusal = await world.TryBackupAsync(world.NewProcess());
        Assert.Contains(".vmgs", Assert.IsType<HyperVBackup.Disks.DiskImageException>(refusal).Message);
        world.RequireNothingLeft();
        world.WithOptions = options => options with { AllowWithoutConfiguration = true };
        BackupReport report = await world.BackupAsync();
        Assert.Empty(report.Point.ConfigurationFiles);
        Assert.Contains(world.Warnings, warning => warning.Contains("no configuration"));
        world.RequireNothingLeft();
        await world.CheckPointsAsync();
        Assert.Equal(0, world.WrongPoints);
    }

    /// <summary>Beside the definition lies another file of its name.</summary>
    [Fact]
    public async Task Of_two_guest_states_of_one_name_the_one_that_the_host_names_is_taken()
    {
        using World world = await World.MakeAsync();
        world.Machine.GuestState = Bytes(12, 1000);
        world.Machine.GuestStateFolder = world.NewFolder("elsewhere");
        SimulatedProcess process = world.NewProcess();
        process.Watch = call =>
        {
            if (call == "look for files")
            {
                SimulatedCheckpoint checkpoint = world.Host.Asked[^1];
                string definition = Directory.GetFiles(
                    Path.GetDirectoryName(world.Machine.Disks[0].Path)!, checkpoint.Files.Keys.First(),
                    SearchOption.AllDirectories).Single();
                File.WriteAllBytes(Path.ChangeExtension(definition, ".vmgs"), Bytes(13, 2000));
            }
        };
        await world.TryBackupAsync(process);
        RestorePoint point = Assert.Single(await world.PointsAsync());
        Dictionary<string, byte[]> files = await RestoreAsync(world, point, world.NewFolder("out"));
        Assert.Equal(world.Machine.GuestState, files.Single(file => file.Key.EndsWith(".vmgs")).Value);
    }

    [Fact]
    public async Task A_large_guest_state_is_stored_in_pieces_and_a_saved_memory_is_left_out_and_told()
    {
        using World world = await World.MakeAsync();
        world.Machine.GuestState = Bytes(9, (16 << 20) + 5);
        world.Machine.RuntimeState = new byte[CheckpointFiles.RuntimeStateMaxBytes + 1];
        BackupReport report = await world.BackupAsync();
        Assert.Equal(1 + 3 + 1, report.Point.ConfigurationFiles.Count);
        Assert.Contains(world.Warnings, warning => warning.Contains("memory of a saved machine"));
        Dictionary<string, byte[]> files = await RestoreAsync(world, report.Point, world.NewFolder("out"));
        Assert.Equal(3, files.Count);
        Assert.True(files.Single(file => file.Key.EndsWith(".vmgs")).Value
            .AsSpan().SequenceEqual(world.Machine.GuestState));
        world.Machine.GuestState = new byte[16 << 20]; // of equal pieces, the last of them empty
        world.Machine.RuntimeState = [];
        report = await world.BackupAsync();
        Assert.Equal(1 + 3 + 1 + 1, report.Point.ConfigurationFiles.Count);
        Assert.Equal(5, report.Point.ConfigurationFiles.Distinct().Count());
        files = await RestoreAsync(world, report.Point, world.NewFolder("again"));
        Assert.InRange(MapBytes(world, report.Point), 1, 1 << 20); // what is mostly zeros takes next to nothing
        Assert.Equal(16 << 20, files.Single(file => file.Key.EndsWith(".vmgs")).Value.Length);
        Assert.Empty(files.Single(file => file.Key.EndsWith(".VMRS")).Value);
    }

    [Theory]
    [InlineData("a:b.vmcx")]
    [InlineData("NUL")]
    [InlineData("HYPERV-machine.json")]
    public async Task A_file_whose_name_no_file_of_a_folder_can_have_or_that_is_named_twice_is_not_written(string name)
    {
        using World world = await World.MakeAsync();
        world.WithEnvironment = environment => environment with { Files = new Renamed(environment.Files, name) };
        BackupReport report = await world.BackupAsync();
        string folder = world.NewFolder("out");
        await Assert.ThrowsAnyAsync<Exception>(() => RestoreAsync(world, report.Point, folder));
        Assert.Empty(Directory.GetFileSystemEntries(folder));
    }

    [Fact]
    public async Task A_file_that_stands_there_is_replaced_only_by_force()
    {
        using World world = await World.MakeAsync();
        BackupReport report = await world.BackupAsync();
        string folder = world.NewFolder("out");
        await RestoreAsync(world, report.Point, folder);
        await Assert.ThrowsAsync<StoreException>(() => RestoreAsync(world, report.Point, folder));
        Assert.Equal(
            3, (await world.NewEngine().RestoreConfigurationAsync(report.Point.Id, folder, force: true)).Count);
    }

    /// <summary>What is encrypted is neither compressed nor found a second time: that may cost nothing beside.
    /// </summary>
    [Fact]
    public async Task An_encrypted_machine_is_read_once_and_written_once()
    {
        using World world = await World.MakeAsync();
        foreach (SimulatedHost.Images.SimulatedDisk disk in world.Machine.Disks)
        {
            disk.WriteEncrypted();
        }

        world.Machine.IsWriting = false;
        world.Machine.GuestState = Bytes(10, 50_000);
        CountedDisks? counted = null;
        world.WithEnvironment = environment =>
            environment with { Disks = counted = new CountedDisks(environment.Disks) };
        SimulatedProcess process = world.NewProcess();
        RestorePoint point = (await world.BackupAsync(process)).Point;
        long diskBytes = 2L * World.DiskBytes;
        Assert.Equal(diskBytes, counted!.BytesRead);
        Assert.Equal(diskBytes, point.Disks.Sum(disk => disk.Statistics.BytesNew));
        long packedBytes = world.Store.Names.Where(name => name.Path.StartsWith("packs/", StringComparison.Ordinal))
            .Sum(name => (long)world.Store[name].Length);
        Assert.InRange(packedBytes, diskBytes, diskBytes + (diskBytes / 50));
    }

    private static long MapBytes(World world, RestorePoint point) => world.Store.Names
        .Where(name => name.Path.StartsWith("maps/", StringComparison.Ordinal)
            && name.Path.Contains(point.Id.ToString(), StringComparison.Ordinal))
        .Sum(name => (long)world.Store[name].Length);

    private static byte[] Bytes(int seed, int lengthBytes)
    {
        byte[] bytes = new byte[lengthBytes];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private static async Task<Dictionary<string, byte[]>> RestoreAsync(World world, RestorePoint point, string folder)
    {
        IReadOnlyList<RestoredFile> files =
            await world.NewEngine().RestoreConfigurationAsync(point.Id, folder);
        Assert.All(files, file => Assert.Equal(file.LengthBytes, new FileInfo(file.Path).Length));
        Assert.Equal(
            files.Select(file => file.Name), await world.NewEngine().ListConfigurationAsync(point.Id));
        return files.ToDictionary(file => file.Name, file => File.ReadAllBytes(file.Path));
    }

    /// <summary>Some files are not found.</summary>
    private sealed class Without(IHostFiles files, string extension) : PassedFiles(files)
    {
        public override IReadOnlyList<string> FilesLike(string path) =>
            [.. base.FilesLike(path).Where(file => !file.EndsWith(extension, StringComparison.Ordinal))];
    }

    /// <summary>The runtime state has another name.</summary>
    private sealed class Renamed(IHostFiles files, string name) : PassedFiles(files)
    {
        private const string State = ".VMRS";
        private string real = "";

        public override IReadOnlyList<string> FilesLike(string path) =>
            [.. base.FilesLike(path)
                .Select(file => file.EndsWith(State, StringComparison.Ordinal) ? Hide(file) : file)];

        public override long LengthOf(string path) => base.LengthOf(path == name ? real : path);

        public override Stream Open(string path) => base.Open(path == name ? real : path);

        private string Hide(string file)
        {
            real = file;
            return name;
        }
    }
}
