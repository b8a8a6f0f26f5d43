using HyperVBackup.Disks.Vhdx;
using Xunit;
using static HyperVBackup.Disks.Tests.Vhdx.VhdxFixture;

namespace HyperVBackup.Disks.Tests.Vhdx;

/// <summary>What qemu writes we read, and what we write qemu reads.</summary>
public sealed class VhdxQemuTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("dynamic", "1M", 20)]
    [InlineData("dynamic", "8M", 33)]
    [InlineData("dynamic", "256M", 40)]
    [InlineData("fixed", "1M", 9)]
    [InlineData("fixed", "32M", 33)]
    public void An_image_qemu_made_reads_as_qemu_reads_it(string subformat, string blockSize, int sizeMiB)
    {
        string path = folder.File("disk.vhdx");
        string raw = folder.File("disk.raw");
        Tool.QemuImage(
            "create", "-q", "-f", "vhdx", "-o", $"subformat={subformat},block_size={blockSize}", path, $"{sizeMiB}M");
        Tool.QemuIo(
            "-f", "vhdx", "-c", "write -P 0x11 0 64k", "-c", "write -P 0x22 5000k 1500k",
            "-c", $"write -P 0x33 {(sizeMiB * 1024) - 4}k 4k", path);
        Tool.QemuImage("convert", "-f", "vhdx", "-O", "raw", path, raw);
        using VhdxDisk disk = VhdxDisk.Open(path);
        Assert.Equal(subformat == "fixed", disk.IsFixed);
        Assert.False(disk.HasParent);
        Assert.Equal(sizeMiB * (long)MiB, disk.VirtualSizeBytes);
        Assert.Equal(File.ReadAllBytes(raw), ReadAll(path));
    }

    [Theory]
    [InlineData(false, 1, 20 * MiB)]
    [InlineData(false, 32, (70 * MiB) + 512)]
    [InlineData(true, 1, (5 * MiB) + 1024)]
    [InlineData(true, 8, 20 * MiB)]
    public void An_image_we_made_reads_in_qemu_as_it_was_written(bool isFixed, int blockSizeMiB, int virtualSizeBytes)
    {
        string path = folder.File("disk.vhdx");
        string raw = folder.File("disk.raw");
        byte[] content = new byte[virtualSizeBytes];
        byte[] data = RandomBytes(3 * MiB, 5);
        data.CopyTo(content, MiB - 100);
        data[..1000].CopyTo(content, virtualSizeBytes - 1000);
        VhdxWriterOptions options = Options(virtualSizeBytes, blockSizeMiB * MiB) with { IsFixed = isFixed };
        Write(path, options, (virtualSizeBytes - 1000, data[..1000]), (MiB - 100, data));
        File.WriteAllBytes(raw, content);
        Tool.QemuImage("check", "-q", path);
        Tool.QemuImage("compare", "-q", path, raw);
        Assert.Equal(content, ReadAll(path));
    }

    [Fact]
    public void Qemu_can_go_on_writing_an_image_we_made()
    {
        string path = folder.File("disk.vhdx");
        string raw = folder.File("disk.raw");
        Write(path, Options(16 * MiB), (0, RandomBytes(4096, 2)));
        Tool.QemuIo("-f", "vhdx", "-c", "write -P 0x44 3M 3M", path);
        Tool.QemuImage("check", "-q", path);
        Tool.QemuImage("convert", "-f", "vhdx", "-O", "raw", path, raw);
        byte[] content = ReadAll(path);
        Assert.Equal(0x44, content[(5 * MiB) + 77]);
        Assert.Equal(File.ReadAllBytes(raw), content);
    }
}
