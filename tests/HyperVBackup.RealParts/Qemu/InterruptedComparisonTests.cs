using System.Diagnostics;
using System.Globalization;
using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Restore;
using HyperVBackup.Qemu;
using HyperVBackup.RealParts.Runs;
using HyperVBackup.Testing.Images;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.RealParts.Qemu;

/// <summary>The process that compares a disk after a power loss is ended in its middle, while the disk is written.
/// </summary>
public sealed class InterruptedComparisonTests : IDisposable
{
    private const int MiB = 1 << 20;
    private const int SizeMiB = 24;
    private const int ChangedMiB = 12;
    private const int NotedMiB = 8;

    /// <summary>The file's start; for each MiB a piece, and for each chunk of 64 KiB its id.</summary>
    private const int NotedBytesMin = 120 + (NotedMiB * (37 + (16 * 32)));

    /// <summary>Where the writer writes.</summary>
    private const int BusyMiB = 2;
    private const int PollMilliseconds = 5;

    private readonly TestFolder folder = new();
    private readonly Hvbackup hvbackup;
    private StorageDaemon daemon;

    public InterruptedComparisonTests()
    {
        hvbackup = new Hvbackup(folder.File("repository"), folder.File("state"));
        NoiseDisk.Create(folder.File("disk"), SizeMiB * MiB, seed: 1);
        folder.Folder("scratch");
        daemon = Serve();
    }

    public void Dispose()
    {
        daemon.Dispose();
        folder.Dispose();
    }

    [Theory]
    [InlineData("KILL")]
    [InlineData("INT")]
    public async Task Run_again_it_reads_what_is_left_and_what_changed_and_is_what_the_second_view_showed(string signal)
    {
        hvbackup.Json("init");
        hvbackup.Json(Backup());
        daemon.Kill();
        daemon = Serve();
        daemon.Write(0, 0, ChangedMiB * MiB, 7);
        using Writing writing = new(daemon.Address(0), seed: 3);
        Interrupt(signal);
        Assert.Single(daemon.Bitmaps(0), bitmap => bitmap.IsRecording);
        if (signal == "INT")
        {
            Assert.Empty(daemon.Remains());
        }

        daemon.Write(0, (NotedMiB - 2) * MiB, 4096, 9); // within what was noted
        QemuMachine machine = Machines.Open(
            daemon.MonitorPath, daemon.ServerPath, folder.File("scratch"), isProcessAlive: _ => false);
        TestRepository repository = await TestRepository.OpenAsync(folder.File("repository"), folder.File("state"));
        WatchedSource source = new(machine.Sources[0], onOpen: _ => { }, onSeal: CopyView);
        BackupReport report = await repository.BackupAsync("v", source);

        DiskPoint disk = report.Point.Disks[0];
        Assert.Equal(RestorePointKind.Recovered, disk.Kind);
        Assert.InRange(report.BytesResumed[0], (NotedMiB - BusyMiB - 1) * MiB, (SizeMiB - 1) * MiB);
        Assert.Equal(SizeMiB * MiB, report.BytesResumed[0] + disk.Statistics.BytesRead);
        await repository.RestoreAsync(report.Point.Id, folder.File("restored"), ImageFormat.Vhdx);
        QemuImage.RequireSame(folder.File("view"), "raw", folder.File("restored"), "vhdx");
        Assert.Empty(daemon.Remains());
        Assert.Single(daemon.Bitmaps(0), bitmap => bitmap.IsRecording);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.File("scratch")));
        Assert.Equal("incremental", hvbackup.Json(Backup()).GetProperty("kind").GetString());
        await repository.RequireSoundAsync();
    }

    private string[] Backup() =>
    [
        "backup", "--vm", "v", "--qemu", daemon.MonitorPath, "--nbd", $"unix:{daemon.ServerPath}", "--scratch",
        folder.File("scratch"), "--disk", "disk=d0",
    ];

    private void Interrupt(string signal)
    {
        using Process backup = hvbackup.Start([.. Backup(), "--limit", "12M"]);
        while (!HasNotedEnough())
        {
            Assert.False(backup.WaitForExit(PollMilliseconds), "it ended");
        }

        Tool.Run("kill", "-" + signal, backup.Id.ToString(CultureInfo.InvariantCulture));
        backup.WaitForExit();
        Assert.NotEqual(0, backup.ExitCode);
    }

    private bool HasNotedEnough() => Directory.Exists(folder.File("state/compared"))
        && Directory.GetFiles(folder.File("state/compared"), "*", SearchOption.AllDirectories)
            .Any(path => new FileInfo(path).Length >= NotedBytesMin);

    private StorageDaemon Serve() => StorageDaemon.Start(folder, [(folder.File("disk"), "raw")]);

    private void CopyView()
    {
        string export = Tool.Run("qemu-nbd", "--list", "-k", daemon.ServerPath).Split('\'')
            .Single(name => name.StartsWith("hvb-", StringComparison.Ordinal));
        Tool.Run(
            "qemu-img", "convert", "-f", "raw", "-O", "raw", $"nbd+unix:///{export}?socket={daemon.ServerPath}",
            folder.File("view"));
    }
}
