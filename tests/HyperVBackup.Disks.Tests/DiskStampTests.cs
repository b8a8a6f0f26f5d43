using HyperVBackup.Disks.Raw;
using HyperVBackup.Disks.Vhdx;
using HyperVBackup.Testing.Images;
using Microsoft.Win32.SafeHandles;
using Xunit;
using static HyperVBackup.Disks.Tests.Vhdx.VhdxFixture;

namespace HyperVBackup.Disks.Tests;

/// <summary>An image's stamp is another one after every change, and no other after none.</summary>
public sealed class DiskStampTests : IDisposable
{
    private const string Memory = "/dev/shm";

    private readonly string folder =
        Directory.CreateDirectory(Path.Join(AppContext.BaseDirectory, $"stamps-{Environment.ProcessId}")).FullName;

    private string Image => Path.Join(folder, "image.raw");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("a byte in place")]
    [InlineData("a byte in place, and the old time")]
    [InlineData("the same bytes again")]
    [InlineData("longer")]
    [InlineData("shorter and long again")]
    [InlineData("another file of the same bytes and time under its name")]
    [InlineData("other rights")]
    public void Any_change_shows(string change)
    {
        File.WriteAllBytes(Image, new byte[MiB]);
        DiskStamp before = StampOf(Image);
        DateTime time = File.GetLastWriteTimeUtc(Image);
        WaitUntilTimeHasPassed(Image);
        switch (change)
        {
            case "a byte in place":
            case "a byte in place, and the old time":
                Write(Image, 5000, [1]);
                break;
            case "the same bytes again":
                Write(Image, 0, new byte[MiB]);
                break;
            case "longer":
                Write(Image, MiB, [0]);
                break;
            case "shorter and long again":
                using (FileStream file = File.OpenWrite(Image))
                {
                    file.SetLength(10);
                    file.SetLength(MiB);
                }

                break;
            case "another file of the same bytes and time under its name":
                File.Copy(Image, Image + ".copy");
                File.Delete(Image);
                File.Copy(Image + ".copy", Image);
                break;
            default:
                Tool.Run("chmod", "coreutils", "400", Image);
                break;
        }

        if (change.Contains("time", StringComparison.Ordinal))
        {
            File.SetLastWriteTimeUtc(Image, time);
        }

        DiskStamp after = StampOf(Image);
        Assert.NotEqual(before.Text, after.Text);
        Assert.True(after.ChangedAt >= before.ChangedAt);
        Assert.True(after.ChangedAt > new DateTimeOffset(time));
    }

    [Fact]
    public void Reading_opening_and_another_name_do_not_show()
    {
        File.WriteAllBytes(Image, new byte[MiB]);
        DiskStamp before = StampOf(Image);
        WaitUntilTimeHasPassed(Image);
        using (RawDisk disk = RawDisk.Open(Image))
        {
            disk.Read(0, new byte[MiB]);
        }

        Assert.Equal(before, StampOf(Image));
        using FileStream writer = new(Image, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        Assert.Equal(before, StampOf(Path.Join(folder, ".", "image.raw")));
    }

    [Fact]
    public void It_is_of_the_moment_of_opening()
    {
        File.WriteAllBytes(Image, new byte[MiB]);
        using RawDisk disk = RawDisk.Open(Image);
        DiskStamp? opened = disk.Stamp;
        WaitUntilTimeHasPassed(Image);
        Write(Image, 0, [1]);
        Assert.Equal(opened, disk.Stamp);
        Assert.NotEqual(opened, StampOf(Image));
    }

    [Fact]
    public void Of_a_chain_every_image_counts()
    {
        string parent = Path.Join(folder, "base.vhdx");
        Vhdx.VhdxFixture.Write(parent, Options(4 * MiB), (MiB, RandomBytes(MiB, 6)));
        DifferencingImage image = new(4 * MiB, MiB, 512);
        Guid writeId = WriteIdOf(parent);
        image.SetParent(writeId, "base.vhdx");
        string child = Path.Join(folder, "child.avhdx");
        File.WriteAllBytes(child, image.Build());
        DiskStamp before = StampOf(child);
        Assert.Contains($"{writeId}", before.Text, StringComparison.Ordinal);
        WaitUntilTimeHasPassed(child);
        Write(parent, new FileInfo(parent).Length - 1, [7]);
        DiskStamp written = StampOf(child);
        Assert.NotEqual(before.Text, written.Text);
        Assert.True(written.ChangedAt >= before.ChangedAt);
        WaitUntilTimeHasPassed(parent);
        File.SetLastWriteTimeUtc(child, DateTime.UnixEpoch);
        Assert.NotEqual(written.Text, StampOf(child).Text);
    }

    [Fact]
    public void What_is_no_file_of_a_local_disk_has_none()
    {
        Assert.SkipUnless(Directory.Exists(Memory), "no file system in memory here");
        string path = Path.Join(Memory, $"hvbackup-stamp-{Environment.ProcessId}");
        File.WriteAllBytes(path, new byte[4096]);
        try
        {
            using RawDisk disk = RawDisk.Open(path);
            Assert.Null(disk.Stamp);
        }
        finally
        {
            File.Delete(path);
        }

        using SafeFileHandle device = File.OpenHandle("/dev/null");
        Assert.Null(FileState.TryRead(device));
    }

    private static DiskStamp StampOf(string path)
    {
        using IDisk disk = DiskImage.Open(path);
        DiskStamp stamp = disk.Stamp!;
        Assert.NotNull(stamp);
        return stamp;
    }

    private static Guid WriteIdOf(string path)
    {
        using VhdxDisk disk = VhdxDisk.Open(path);
        return disk.DataWriteGuid;
    }

    private static void Write(string path, long at, byte[] bytes)
    {
        using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        RandomAccess.Write(file, bytes, at);
    }

    /// <summary>The file system's clock ticks some hundred times a second.</summary>
    private void WaitUntilTimeHasPassed(string path)
    {
        DateTime time = File.GetLastWriteTimeUtc(path);
        string probe = Path.Join(folder, "probe");
        do
        {
            File.WriteAllBytes(probe, [1]);
        }
        while (File.GetLastWriteTimeUtc(probe) <= time);
    }
}
