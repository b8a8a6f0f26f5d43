using HyperVBackup.Format.Points;
using HyperVBackup.Hosts.Configurations;
using HyperVBackup.Hosts.Imports;
using HyperVBackup.Hosts.Tests.Kit;
using HyperVBackup.Hosts.Wmi;
using HyperVBackup.Operations.Hosted;
using HyperVBackup.Repository;
using HyperVBackup.SimulatedHost;
using HyperVBackup.SimulatedHost.Machines;
using HyperVBackup.Storage;
using Xunit;

namespace HyperVBackup.Hosts.Tests.Imports;

public sealed class ImportTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(1, false)]
    [InlineData(2, true)]
    [InlineData(3, true)]
    public async Task A_machine_is_restored_as_a_new_one_beside_the_original_which_stays_as_it_was(
        int seed, bool isBusy)
    {
        using World world = await World.MakeAsync(seed, isBusy);
        (RestorePoint point, Original original) = await BackedUpAsync(world);
        HostedRestoreRequest request = RequestOf(world, point) with { Name = "Accounts restored" };
        HostedRestoreReport report = await world.ImportAsync(request);
        original.RequireUntouched(world.Host);
        SimulatedMachine made = RequireOne(world, report);
        Assert.NotEqual(world.Machine.Id, made.Id);
        Assert.Equal("Accounts restored", made.Name);
        Assert.Empty(made.Disks.Select(disk => disk.Id).Intersect(world.Machine.Disks.Select(disk => disk.Id)));
        Assert.Null(report.Script);
        Assert.Equal(2, (await world.BackupOfAsync(made)).Disks.Count); // it is a machine like any other
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task The_original_is_restored_as_itself_where_it_is_gone_and_goes_on_in_its_chain(int seed)
    {
        using World world = await World.MakeAsync(seed);
        (RestorePoint point, Original original) = await BackedUpAsync(world);
        HostedRestoreRequest request = RequestOf(world, point) with { AsOriginal = true };
        HostException refusal = await Assert.ThrowsAsync<HostException>(() => world.ImportAsync(request));
        Assert.Contains("is on this host", refusal.Message);
        original.RequireUntouched(world.Host);
        Assert.False(Directory.Exists(request.Folder));
        world.Host.Remove(world.Machine);
        HostedRestoreReport report = await world.ImportAsync(request);
        SimulatedMachine made = RequireOne(world, report);
        Assert.Equal(world.Machine.Id, made.Id);
        Assert.Equal("Accounts", made.Name);
        Assert.Equal(world.Machine.Disks.Select(disk => disk.Id), made.Disks.Select(disk => disk.Id));
        RestorePoint next = await world.BackupOfAsync(made);
        Assert.Equal(point.Sequence + 1, next.Sequence);
        Assert.All(next.Disks, disk => Assert.Equal(RestorePointKind.Recovered, disk.Kind));
        Assert.Equal(point.Disks.Select(disk => disk.Root), next.Disks.Select(disk => disk.Root));
    }

    /// <summary>Before each call of the host, its files, the notes and the store, which is after the call before.
    /// </summary>
    [Theory]
    [InlineData(1, false, 1)]
    [InlineData(4, true, 5)]
    public async Task A_kill_at_any_call_leaves_nothing_half_made_once_it_is_run_again(
        int seed, bool asOriginal, int stride)
    {
        int steps = 1;
        int finished = 0;
        for (; ; steps += stride)
        {
            using World world = await World.MakeAsync(seed, isBusy: !asOriginal);
            (RestorePoint point, Original original) = await BackedUpAsync(world);
            if (asOriginal)
            {
                world.Host.Remove(world.Machine);
            }

            HostedRestoreRequest request = RequestOf(world, point) with { AsOriginal = asOriginal };
            SimulatedProcess killed = world.NewProcess();
            killed.KilledBefore = steps;
            Exception? end = await Record.ExceptionAsync(() => world.ImportAsync(request, killed));
            if (killed.Calls.Count < steps)
            {
                Assert.Null(end);
                break;
            }

            Assert.NotNull(end);
            world.Host.Advance(TimeSpan.FromMinutes(1));
            HostedRestoreReport report = await world.ImportAsync(request);
            finished += report.Disks.Count == 0 ? 1 : 0;
            RequireOne(world, report);
            if (!asOriginal)
            {
                original.RequireUntouched(world.Host);
            }
        }

        output.WriteLine($"{steps - 1} calls, {finished} kills after the machine was there");
        Assert.True(steps > 80);
        Assert.InRange(finished, 1, 20);
    }

    [Theory]
    [InlineData("ImportSystemDefinition")]
    [InlineData("ModifySystemSettings")]
    [InlineData("ModifyResourceSettings")]
    [InlineData("DestroySnapshot")]
    [InlineData("ValidatePlannedSystem")]
    [InlineData("RealizePlannedSystem")]
    public async Task However_a_call_goes_the_machine_is_there_whole_or_nothing_is_left(string method)
    {
        JobPlan[] plans =
        [
            new() { Refusal = 32768 },
            new() { Refusal = ReturnCodes.OtherInvalidState },
            new() { Duration = TimeSpan.FromSeconds(2), End = JobState.Exception, Error = "Failed.", DoesIt = false },
            new() { Duration = TimeSpan.FromSeconds(2), End = JobState.Exception, Error = "Failed, and did it." },
            new() { Duration = TimeSpan.FromSeconds(2), End = JobState.CompletedWithWarnings, Error = "Beware." },
            new() { Duration = TimeSpan.FromSeconds(2), Vanishes = true },
            new() { Duration = TimeSpan.FromSeconds(2), DoesIt = false },
            new() { GivesResult = false, ListedLater = TimeSpan.FromSeconds(9) },
            new() { Duration = TimeSpan.FromMinutes(20) },
        ];
        int done = 0;
        foreach (JobPlan plan in plans)
        {
            using World world = await World.MakeAsync(seed: 5, isBusy: true);
            (RestorePoint point, Original original) = await BackedUpAsync(world);
            HostedRestoreRequest request = RequestOf(world, point);
            world.Host.PlanFor = called => called == method ? plan : null;
            HostedRestoreReport? report = null;
            Exception? failure = await Record.ExceptionAsync(async () => report = await world.ImportAsync(request));
            original.RequireUntouched(world.Host);
            world.Host.PlanFor = _ => null;
            world.Host.Advance(TimeSpan.FromMinutes(30));
            if (report is null)
            {
                Assert.IsType<HostException>(failure);
                report = await world.ImportAsync(request);
            }
            else
            {
                done++;
            }

            RequireOne(world, report);
            original.RequireUntouched(world.Host);
        }

        Assert.InRange(done, 2, plans.Length - 1);
    }

    [Fact]
    public async Task A_definition_that_the_host_cannot_read_leaves_nothing_and_says_so()
    {
        using World world = await World.MakeAsync();
        (RestorePoint point, Original original) = await BackedUpAsync(world);
        HostedRestoreRequest request = RequestOf(world, point);
        SimulatedProcess process = world.NewProcess();
        process.Watch = call =>
        {
            if (call == "ImportSystemDefinition")
            {
                File.WriteAllText(Directory.GetFiles(request.Folder, "*.vmcx").Single(), "not what it was");
            }
        };
        HostException failure =
            await Assert.ThrowsAsync<HostException>(() => world.ImportAsync(request, process));
        Assert.Contains("corrupted", failure.Message);
        Assert.False(Directory.Exists(request.Folder));
        original.RequireUntouched(world.Host);
    }

    [Fact]
    public async Task A_folder_that_holds_anything_is_left_alone()
    {
        using World world = await World.MakeAsync();
        (RestorePoint point, _) = await BackedUpAsync(world);
        HostedRestoreRequest request = RequestOf(world, point);
        Directory.CreateDirectory(request.Folder);
        string others = Path.Join(request.Folder, "system.vhdx");
        File.WriteAllText(others, "somebody's");
        await Assert.ThrowsAsync<HostException>(() => world.ImportAsync(request));
        Assert.Equal("somebody's", File.ReadAllText(others));
    }

    [Fact]
    public async Task What_is_not_ours_stays_though_an_import_was_killed_beside_it()
    {
        using World world = await World.MakeAsync();
        (RestorePoint point, _) = await BackedUpAsync(world);
        HostedRestoreRequest request = RequestOf(world, point);
        SimulatedProcess killed = world.NewProcess();
        killed.KilledAt = ("ImportSystemDefinition", false);
        await Assert.ThrowsAsync<ProcessKilledException>(() => world.ImportAsync(request, killed));
        string added = Path.Join(request.Folder, "notes.txt");
        File.WriteAllText(added, "a person's");
        DurableFile unfinished = DurableFile.Create(Path.Join(request.Folder, "system.vhdx")); // and never closed
        HostedRestoreRequest elsewhere = RequestOf(world, point) with { Folder = request.Folder + " 2" };
        string definition = Directory.GetFiles(request.Folder, "*.vmcx").Single();
        string others = Path.Join(world.NewFolder("others"), Path.GetFileName(definition));
        File.Copy(definition, others);
        world.NewProcess().Invoke(
            new CimPath(@"root\virtualization\v2", "Msvm_VirtualSystemManagementService", ("Name", "service")),
            "ImportSystemDefinition",
            new Dictionary<string, object?>
            {
                ["SystemDefinitionFile"] = others,
                ["SnapshotFolder"] = others,
                ["GenerateNewSystemIdentifier"] = true,
            });
        world.Host.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(1, world.Host.PlannedCount);
        HostedRestoreReport report = await world.ImportAsync(elsewhere);
        Assert.Equal("a person's", File.ReadAllText(added));
        Assert.Equal([added], Directory.GetFiles(request.Folder, "*", SearchOption.AllDirectories));
        Assert.Equal(elsewhere.Folder, report.Machine!.Folder);
        Assert.Equal(1, world.Host.PlannedCount);
        Assert.Single(world.Warnings, warning => warning.Contains("nothing proves it"));
        unfinished.Dispose();
    }

    [Fact]
    public async Task A_machine_that_was_made_of_one_point_is_not_told_as_that_of_another()
    {
        using World world = await World.MakeAsync();
        (RestorePoint point, _) = await BackedUpAsync(world);
        RestorePoint later = (await world.BackupAsync()).Point;
        HostedRestoreRequest request = await KilledOnceRealizedAsync(world, point);
        HostException refusal = await Assert.ThrowsAsync<HostException>(
            () => world.ImportAsync(request with { Point = later.Id }));
        Assert.Contains("is not empty", refusal.Message);
        Assert.Contains(world.Warnings, warning => warning.Contains("had come to its end"));
    }

    [Fact]
    public async Task Files_stay_of_a_machine_that_was_made_and_is_gone_since()
    {
        using World world = await World.MakeAsync();
        (RestorePoint point, _) = await BackedUpAsync(world);
        HostedRestoreRequest request = await KilledOnceRealizedAsync(world, point);
        string[] images = Directory.GetFiles(request.Folder, "*.vhdx");
        world.Host.Remove(world.Host.Machines.Single(machine => machine.Id != world.Machine.Id)); // it moved away
        await world.ImportAsync(request with { Folder = request.Folder + " 2" });
        Assert.NotEmpty(images);
        Assert.Equal(images, Directory.GetFiles(request.Folder, "*.vhdx"));
        Assert.Contains(world.Warnings, warning => warning.Contains($"the files in '{request.Folder}' stay"));
    }

    [Fact]
    public async Task An_import_that_is_given_up_takes_its_files_away_and_only_one_goes_on_at_a_time()
    {
        using World world = await World.MakeAsync();
        (RestorePoint point, Original original) = await BackedUpAsync(world);
        HostedRestoreRequest request = RequestOf(world, point);
        HostEnvironment environment = world.NewProcess().NewEnvironment(_ => false);
        ImportOptions options = new() { Machine = world.Machine.Id, Owner = "owner", Folder = request.Folder };
        using (MachineImport import = MachineImport.Begin(options, environment, ["a.vhdx", "b.vmcx"]))
        {
            Assert.Null(import.Finished);
            Assert.Throws<HostException>(() => MachineImport.Begin(options, environment, []));
            Directory.CreateDirectory(request.Folder);
            File.WriteAllText(Path.Join(request.Folder, "a.vhdx"), "half a disk");
        }

        Assert.False(Directory.Exists(request.Folder));
        original.RequireUntouched(world.Host);
    }

    [Fact]
    public async Task Without_a_host_the_files_are_written_with_a_script_that_registers_them()
    {
        using World world = await World.MakeAsync();
        (RestorePoint point, _) = await BackedUpAsync(world);
        HostedRestoreRequest request = RequestOf(world, point);
        HostedRestore restore = new(world.Repository, world.NewEngine());
        HostedRestoreReport report = await restore.WriteAsync(request);
        Assert.Null(report.Machine);
        string script = File.ReadAllText(report.Script!);
        SimulatedCheckpoint checkpoint = world.Host.Asked[^1];
        Assert.Contains(checkpoint.Files.Keys.Single(file => file.EndsWith(".vmcx")), script);
        foreach (SimulatedHost.Images.SimulatedDisk disk in world.Machine.Disks)
        {
            string name = Path.GetFileNameWithoutExtension(disk.Path);
            Assert.Contains($"'{disk.Path}' = '{name}.vhdx'", script);
            Assert.True(File.Exists(Path.Join(request.Folder, name + ".vhdx")));
        }

        Assert.All(checkpoint.Files, file =>
            Assert.Equal(file.Value, File.ReadAllBytes(Path.Join(request.Folder, file.Key))));
        await Assert.ThrowsAsync<StoreException>(() => restore.WriteAsync(request));
    }

    [Fact]
    public async Task A_point_without_a_machines_configuration_says_so()
    {
        using World world = await World.MakeAsync();
        world.WithOptions = options => options with { AllowWithoutConfiguration = true };
        world.WithEnvironment = environment => environment with { Files = new NoFiles(environment.Files) };
        RestorePoint point = (await world.BackupAsync()).Point;
        RestorePointNotFoundException refusal = await Assert.ThrowsAsync<RestorePointNotFoundException>(
            () => world.ImportAsync(RequestOf(world, point)));
        Assert.Contains("no Hyper-V machine's configuration", refusal.Message);
    }

    private static async Task<(RestorePoint Point, Original Original)> BackedUpAsync(World world)
    {
        world.Machine.GuestState = [.. Enumerable.Range(0, 5000).Select(number => (byte)(number % 251))];
        RestorePoint point = (await world.BackupAsync()).Point;
        return (point, new Original(world.Machine));
    }

    private static async Task<HostedRestoreRequest> KilledOnceRealizedAsync(World world, RestorePoint point)
    {
        HostedRestoreRequest request = RequestOf(world, point);
        SimulatedProcess killed = world.NewProcess();
        killed.KilledAt = ("RealizePlannedSystem", true);
        await Assert.ThrowsAsync<ProcessKilledException>(() => world.ImportAsync(request, killed));
        world.Host.Advance(TimeSpan.FromMinutes(1));
        return request;
    }

    private static HostedRestoreRequest RequestOf(World world, RestorePoint point) => new()
    {
        Point = point.Id,
        Folder = Path.Join(world.NewFolder("restored"), "machine"),
    };

    /// <summary>There is one machine more than before, with exactly the bytes of the checkpoint, in its own folder, and
    /// nothing else is left.</summary>
    private static SimulatedMachine RequireOne(World world, HostedRestoreReport report)
    {
        Assert.Equal(0, world.Host.PlannedCount);
        SimulatedMachine made = Assert.Single(
            world.Host.Machines, machine => machine != world.Machine);
        Assert.Equal(made.Id, report.Machine!.Id);
        SimulatedCheckpoint checkpoint = world.Host.Asked[^1];
        string folder = report.Machine.Folder;
        Assert.Equal(checkpoint.Contents.Count, made.Disks.Count);
        foreach ((SimulatedHost.Images.SimulatedDisk disk, SimulatedHost.Images.SimulatedDisk before) in
            made.Disks.Zip(world.Machine.Disks))
        {
            Assert.Equal(Path.Join(folder, Path.GetFileName(disk.Path)), disk.Path);
            Assert.True(disk.ReadAll().AsSpan().SequenceEqual(checkpoint.Contents[before.Id]));
        }

        Assert.Equal(world.Machine.GuestState, made.GuestState);
        string[] expected =
        [
            .. made.Disks.Select(disk => Path.GetFileName(disk.Path)), .. checkpoint.Files.Keys,
            MachineManifest.FileName,
        ];
        Assert.Equal(
            expected.Order(), Directory.GetFiles(folder).Select(file => Path.GetFileName(file)!).Order());
        string configurations = Path.Join(folder, "Virtual Machines");
        Assert.InRange(
            Directory.Exists(configurations) ? Directory.GetFiles(configurations).Length : 0, 0, 1);
        return made;
    }

    private sealed class NoFiles(IHostFiles files) : PassedFiles(files)
    {
        public override IReadOnlyList<string> FilesLike(string path) => [];
    }
}
