using Xunit;

namespace HyperVBackup.Disks.Tests;

public sealed class DiskImageTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(65_536 - 512)]
    [InlineData(65_536 - 511)]
    public void A_vhd_is_refused_rather_than_read_as_raw(int footerAt)
    {
        byte[] content = new byte[65_536];
        "conectix"u8.CopyTo(content.AsSpan(footerAt));
        string path = folder.File("disk.vhd", content);
        DiskImageException e = Assert.Throws<DiskImageException>(() => DiskImage.Open(path));
        Assert.Equal($"'{path}' is a VHD image, which is not read yet; convert it to VHDX.", e.Message);
    }

    [Fact]
    public void A_vhd_set_is_refused_by_its_name()
    {
        string path = folder.File("disk.VHDS", new byte[65_536]);
        DiskImageException e = Assert.Throws<DiskImageException>(() => DiskImage.Open(path));
        Assert.Contains("VHD Set", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_or_a_folder_is_refused_by_name()
    {
        foreach (string path in new[] { folder.File("none.raw"), folder.Path })
        {
            DiskImageException e = Assert.Throws<DiskImageException>(() => DiskImage.Open(path));
            Assert.StartsWith($"The disk image '{path}' cannot be opened: ", e.Message, StringComparison.Ordinal);
        }
    }
}
