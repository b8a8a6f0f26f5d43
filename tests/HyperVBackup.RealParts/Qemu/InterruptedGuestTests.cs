using System.Diagnostics;
using System.Text.Json;
using HyperVBackup.RealParts.Runs;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.RealParts.Qemu;

/// <summary>A guest lost its power; the backup that then compares its disk is killed in the middle while the guest
/// writes, and run again.</summary>
public sealed class InterruptedGuestTests : IDisposable
{
    private const int SizeMiB = 64;
    private const int NotedBytesMin = 1000; // of a header and some pieces of a MiB
    private const int PollMilliseconds = 5;
    private readonly TestFolder folder = new();
    private readonly Hvbackup hvbackup;

    public InterruptedGuestTests()
    {
        hvbackup = new Hvbackup(folder.File("repository"), folder.File("state"));
        folder.Folder("scratch");
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Run_again_it_goes_on_and_the_guest_boots_with_all_that_it_had_flushed()
    {
        string image = NewImage();
        hvbackup.Json("init");
        int flushed;
        using (Guest guest = new(folder, image, "write"))
        {
            guest.WaitFor(2);
            hvbackup.Json(Backup(guest));
            guest.WaitFor(guest.LastFlushed() + 2);
            flushed = guest.LastFlushed();
            guest.Kill();
        }

        JsonElement said;
        int before;
        int after;
        using (Guest guest = new(folder, image, "write"))
        {
            guest.WaitFor(flushed + 2);
            KillMidway(guest);
            guest.WaitFor(guest.LastFlushed() + 2);
            before = guest.LastFlushed();
            said = hvbackup.Json(Backup(guest));
            after = guest.LastFlushed();
        }

        JsonElement disk = said.GetProperty("disks")[0];
        Assert.Equal("recovered", said.GetProperty("kind").GetString());
        long resumedBytes = disk.GetProperty("bytesResumed").GetInt64();
        Assert.InRange(resumedBytes, 1 << 20, (SizeMiB << 20) - 1);
        Assert.Equal(SizeMiB << 20, resumedBytes + disk.GetProperty("bytesRead").GetInt64());
        string restored = folder.File("restored.vhdx");
        hvbackup.Json("restore", "v@latest", "--output", restored);
        using Guest check = new(folder, restored, "check");
        Assert.InRange(check.WaitForCheck(), before, after + 1);
    }

    private string[] Backup(Guest guest) =>
        ["backup", "--vm", "v", "--qemu", guest.MonitorPath, "--scratch", folder.File("scratch"), "--disk", "disk=d0"];

    private void KillMidway(Guest guest)
    {
        using Process backup = hvbackup.Start([.. Backup(guest), "--limit", "12MiB"]);
        while (!HasNotedSome())
        {
            Assert.False(backup.WaitForExit(PollMilliseconds), "it ended");
        }

        backup.Kill();
        backup.WaitForExit();
    }

    private bool HasNotedSome() => Directory.Exists(folder.File("state/compared"))
        && Directory.GetFiles(folder.File("state/compared"), "*", SearchOption.AllDirectories)
            .Any(path => new FileInfo(path).Length >= NotedBytesMin);

    private string NewImage()
    {
        string raw = folder.File("raw");
        string image = folder.File("disk.vhdx");
        Tool.Run("mke2fs", "-q", "-t", "ext4", raw, $"{SizeMiB}M");
        Tool.Run("qemu-img", "convert", "-O", "vhdx", "-o", "subformat=dynamic,block_size=1M", raw, image);
        return image;
    }
}
