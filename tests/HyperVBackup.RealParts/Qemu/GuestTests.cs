using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Restore;
using HyperVBackup.Qemu;
using HyperVBackup.RealParts.Runs;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.RealParts.Qemu;

/// <summary>A guest is backed up while it writes, loses its power, goes on, and boots from what was restored.</summary>
public sealed class GuestTests : IDisposable
{
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_guest_boots_from_every_point_and_finds_all_that_it_had_flushed()
    {
        string image = NewImage();
        TestRepository repository = await TestRepository.CreateAsync(folder.File("repository"));
        List<(RestorePoint Point, int Before, int After)> made = [];
        using (Guest guest = new(folder, image, "write"))
        {
            guest.WaitFor(3);
            made.Add(await BackUpAsync(repository, guest, RestorePointKind.Full));
            guest.WaitFor(guest.LastFlushed() + 3);
            made.Add(await BackUpAsync(repository, guest, RestorePointKind.Incremental));
            guest.WaitFor(guest.LastFlushed() + 2);
            guest.Kill();
        }

        using (Guest guest = new(folder, image, "write"))
        {
            guest.WaitFor(made[^1].After + 2);
            made.Add(await BackUpAsync(repository, guest, RestorePointKind.Recovered));
        }

        Assert.Contains("it was restarted", made[^1].Point.Disks[0].LostReason, StringComparison.Ordinal);
        foreach ((RestorePoint point, int before, int after) in made)
        {
            string restored = folder.File("restored.vhdx");
            await repository.RestoreAsync(point.Id, restored, ImageFormat.Vhdx);
            using Guest guest = new(folder, restored, "check");
            Assert.InRange(guest.WaitForCheck(), before, after + 1);
        }
    }

    private async Task<(RestorePoint Point, int Before, int After)> BackUpAsync(
        TestRepository repository, Guest guest, RestorePointKind kind)
    {
        QemuMachine machine = Machines.Open(guest.MonitorPath, serverPath: null, folder.Folder("scratch"));
        int before = guest.LastFlushed();
        RestorePoint point = (await repository.BackupAsync("v", machine.Sources[0])).Point;
        Assert.Equal(kind, point.Disks[0].Kind);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.File("scratch")));
        return (point, before, guest.LastFlushed());
    }

    private string NewImage()
    {
        string raw = folder.File("raw");
        string image = folder.File("disk.vhdx");
        Tool.Run("mke2fs", "-q", "-t", "ext4", raw, "64M");
        Tool.Run("qemu-img", "convert", "-O", "vhdx", "-o", "subformat=dynamic,block_size=1M", raw, image);
        return image;
    }
}
