using HyperVBackup.Disks.Changes;
using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Restore;
using HyperVBackup.Qemu;
using HyperVBackup.RealParts.Runs;
using HyperVBackup.Testing.Images;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.RealParts.Qemu;

/// <summary>Disks that are written while they are backed up, judged by what qemu-img saw of the same view.</summary>
public sealed class LiveBackupTests : IDisposable
{
    private const int MiB = 1 << 20;
    private const int SizeMiB = 24;
    private readonly TestFolder folder = new();
    private readonly Random random = new(5);
    private StorageDaemon? daemon;
    private int viewCount;

    public void Dispose()
    {
        daemon?.Dispose();
        folder.Dispose();
    }

    [Theory]
    [InlineData("vhdx")]
    [InlineData("qcow2")]
    [InlineData("raw")]
    public async Task A_point_is_what_the_view_showed_while_the_disk_was_written(string format)
    {
        TestRepository repository = await StartAsync(format);
        List<(RestorePoint Point, string View)> made = [];
        for (int round = 0; round < 4; round++)
        {
            made.Add(await BackUpAsync(repository));
            RestorePoint point = made[^1].Point;
            Assert.Equal(round == 0 ? RestorePointKind.Full : RestorePointKind.Incremental, point.Disks[0].Kind);
            Assert.Equal(Consistency.Crash, point.Consistency);
        }

        long largest = made.Skip(1).Max(one => one.Point.Disks[0].Statistics.BytesRead);
        Assert.InRange(largest, 64 << 10, SizeMiB * MiB / 2);
        foreach ((RestorePoint each, string view) in made)
        {
            await RequireSameAsync(repository, each, view);
        }

        Assert.Empty(daemon!.Remains());
        Assert.Single(daemon.Bitmaps(0), bitmap => bitmap.IsRecording);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Folder("scratch")));
        await repository.RequireSoundAsync();
    }

    [Fact]
    public async Task After_a_power_loss_changes_are_lost_and_the_disk_is_compared_and_read_once()
    {
        TestRepository repository = await StartAsync("qcow2");
        await BackUpAsync(repository);
        daemon!.Write(0, 3 * MiB, MiB, 77);
        daemon.Kill();
        daemon = Serve("qcow2");
        daemon.Write(0, 9 * MiB, MiB, 78);
        (RestorePoint point, string view) = await BackUpAsync(repository);
        DiskPoint disk = point.Disks[0];
        Assert.Equal(RestorePointKind.Recovered, disk.Kind);
        Assert.Contains("it was restarted", disk.LostReason, StringComparison.Ordinal);
        Assert.InRange(disk.Statistics.BytesRead, MiB, SizeMiB * MiB);
        Assert.InRange(disk.Statistics.BytesChanged, 64 << 10, 8 * MiB);
        await RequireSameAsync(repository, point, view);
        Assert.Equal(RestorePointKind.Incremental, (await BackUpAsync(repository)).Point.Disks[0].Kind);
    }

    [Fact]
    public async Task All_disks_are_of_one_moment_with_a_server_of_their_own()
    {
        string one = folder.File("one");
        string two = folder.File("two");
        NoiseDisk.Create(one, 4 * MiB, seed: 1);
        NoiseDisk.Create(two, 5 * MiB, seed: 2);
        daemon = StorageDaemon.Start(folder, [(one, "raw"), (two, "raw")], hasServer: false);
        Hvbackup hvbackup = new(folder.File("repository"), folder.File("state"));
        hvbackup.Json("init");
        string[] backup =
        [
            "backup", "--vm", "v", "--qemu", daemon.MonitorPath, "--scratch", folder.Folder("scratch"),
            "--disk", "system=d0", "--disk", "d1",
        ];
        Assert.Equal("full", hvbackup.Json(backup).GetProperty("kind").GetString());
        var again = hvbackup.Json(backup);
        Assert.Equal("incremental", again.GetProperty("kind").GetString());
        var disks = again.GetProperty("disks").EnumerateArray();
        Assert.Equal(["system", "d1"], disks.Select(disk => disk.GetProperty("disk").GetString()));
        hvbackup.Json("restore", "v@latest", "--output", folder.File("restored"), "--format", "raw");
        Assert.Empty(RawImage.Differences(one, Path.Join(folder.File("restored"), "system.raw")));
        Assert.Empty(RawImage.Differences(two, Path.Join(folder.File("restored"), "d1.raw")));
        Assert.Empty(daemon.Remains());
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Folder("scratch")));

        ToolResult refused = hvbackup.Try([.. backup, "--require-consistent"]);
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("consistent backup is required", refused.Errors, StringComparison.Ordinal);
        Assert.Empty(daemon.Remains());
        Assert.Equal("incremental", hvbackup.Json(backup).GetProperty("kind").GetString());
    }

    private async Task<TestRepository> StartAsync(string format)
    {
        string raw = folder.File("start");
        NoiseDisk.Create(raw, SizeMiB * MiB / 2, seed: 3);
        File.WriteAllBytes(raw, [.. File.ReadAllBytes(raw), .. new byte[SizeMiB * MiB / 2]]);
        Tool.Run("qemu-img", "convert", "-f", "raw", "-O", format, raw, folder.File("disk"));
        daemon = Serve(format);
        return await TestRepository.CreateAsync(folder.File("repository"));
    }

    private StorageDaemon Serve(string format) => StorageDaemon.Start(folder, [(folder.File("disk"), format)]);

    /// <summary>Backs up while a writer writes all over the disk, from before the view until after it.</summary>
    private async Task<(RestorePoint Point, string View)> BackUpAsync(TestRepository repository)
    {
        string path = folder.File($"view{viewCount++}");
        QemuMachine machine = Machines.Open(daemon!.MonitorPath, daemon.ServerPath, folder.Folder("scratch"));
        WatchedSource source = new(
            machine.Sources[0],
            onOpen: _ => WriteAnywhere(),
            onSeal: () =>
            {
                WriteAnywhere();
                Tool.Run("qemu-img", "convert", "-f", "raw", "-O", "raw", ViewAddress(), path);
            });
        WriteAnywhere();
        using Writing writing = new(daemon.Address(0), random.Next());
        BackupReport report = await repository.BackupAsync(
            "v", source, () => machine.IsConsistent ? Consistency.Application : Consistency.Crash);
        Assert.All(report.Warnings, warning => Assert.Contains("changes are lost", warning, StringComparison.Ordinal));
        return (report.Point, path);
    }

    private void WriteAnywhere()
    {
        List<string> commands = [];
        for (int count = 0; count < 6; count++)
        {
            long offsetBytes = random.Next(SizeMiB * 256) * 4096L;
            int lengthBytes = (int)Math.Min(random.Next(1, 16) * 4096, (SizeMiB * MiB) - offsetBytes);
            string kind = count == 5 ? "-z -u" : FormattableString.Invariant($"-P {random.Next(1, 255)}");
            commands.Add(FormattableString.Invariant($"write -q {kind} {offsetBytes} {lengthBytes}"));
        }

        daemon!.Command(0, string.Join('\n', commands));
    }

    private string ViewAddress()
    {
        string export = Tool.Run("qemu-nbd", "--list", "-k", daemon!.ServerPath).Split('\'')
            .Single(name => name.StartsWith("hvb-", StringComparison.Ordinal));
        return $"nbd+unix:///{export}?socket={daemon.ServerPath}";
    }

    private async Task RequireSameAsync(TestRepository repository, RestorePoint point, string viewPath)
    {
        string restored = folder.File("restored");
        await repository.RestoreAsync(point.Id, restored, ImageFormat.Vhdx);
        QemuImage.RequireSame(viewPath, "raw", restored, "vhdx");
    }
}
