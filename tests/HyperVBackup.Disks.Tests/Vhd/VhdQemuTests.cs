using HyperVBackup.Disks.Vhd;
using Xunit;
using static HyperVBackup.Disks.Tests.Vhdx.VhdxFixture;

namespace HyperVBackup.Disks.Tests.Vhd;

/// <summary>What qemu writes we read as qemu does.</summary>
public sealed class VhdQemuTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("dynamic", "on", (7 * MiB) + 512)]
    [InlineData("dynamic", "off", 9 * MiB)]
    [InlineData("dynamic", "on", 16 * MiB)]
    [InlineData("fixed", "on", (5 * MiB) + 1024)]
    [InlineData("fixed", "off", 8 * MiB)]
    public void An_image_qemu_made_reads_as_qemu_reads_it(string subformat, string forceSize, int sizeBytes)
    {
        string raw = folder.File("disk.raw");
        WriteSparse(raw, sizeBytes);
        string path = folder.File("disk.vhd");
        Tool.QemuImage(
            "convert", "-f", "raw", "-O", "vpc", "-o", $"subformat={subformat},force_size={forceSize}", raw, path);
        string back = folder.File("back.raw");
        Tool.QemuImage("convert", "-f", "vpc", "-O", "raw", path, back);
        byte[] expected = File.ReadAllBytes(back);

        Assert.True(expected.Length >= sizeBytes);
        Assert.Equal(expected, ReadAll(path));
        using VhdDisk disk = VhdDisk.Open(path);
        Assert.Equal(subformat == "fixed", disk.IsFixed);
        Assert.False(disk.HasParent);
        Assert.Equal(512, disk.LogicalSectorSizeBytes);
        Assert.Equal([new ByteRange(0, expected.Length)], disk.OwnRanges(new ByteRange(0, expected.Length)));
        Assert.Contains(disk.Identity!, Tool.VhdiFacts(path), StringComparison.Ordinal);
    }

    [Fact]
    public void A_dynamic_image_that_qemu_wrote_to_out_of_order_reads_as_qemu_reads_it()
    {
        string path = folder.File("disk.vhd");
        string raw = folder.File("disk.raw");
        Tool.QemuImage("create", "-q", "-f", "vpc", "-o", "force_size=on", path, "40M");
        Tool.QemuIo(
            "-f", "vpc", "-c", "write -P 0x11 33M 64k", "-c", "write -P 0x22 5000k 1500k",
            "-c", $"write -P 0x33 {(40 * 1024) - 4}k 4k", "-c", "write -P 0x44 0 512", path);
        Tool.QemuImage("convert", "-f", "vpc", "-O", "raw", path, raw);
        Assert.Equal(File.ReadAllBytes(raw), ReadAll(path));
        using IDisk disk = DiskImage.Open(path);
        Assert.Equal(5 * 2L * MiB, disk.AllocatedRanges(new ByteRange(0, 40 * MiB)).Sum(range => range.LengthBytes));
    }

    /// <summary>Data here and there, and holes.</summary>
    private static void WriteSparse(string path, int sizeBytes)
    {
        Random random = new(sizeBytes);
        using FileStream file = File.Create(path);
        file.SetLength(sizeBytes);
        for (int at = random.Next(MiB); at < sizeBytes; at += random.Next(3 * MiB))
        {
            file.Position = at;
            file.Write(RandomBytes(Math.Min(random.Next(200_000), sizeBytes - at), at));
        }
    }
}
