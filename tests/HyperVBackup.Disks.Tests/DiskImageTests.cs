using HyperVBackup.Testing.Images;
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
    public void A_vhd_whose_footer_is_damaged_is_refused_rather_than_read_as_raw(int footerAt)
    {
        byte[] content = new byte[65_536];
        "conectix"u8.CopyTo(content.AsSpan(footerAt));
        string path = folder.File("disk", content);
        DiskImageException e = Assert.Throws<DiskImageException>(() => DiskImage.Open(path));
        Assert.StartsWith(
            $"The footer at offset 65024 of '{path}' has a wrong signature or checksum",
            e.Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("disk.vhd", "a VHD")]
    [InlineData("disk.AVHD", "a VHD")]
    [InlineData("disk.VHDX", "a VHDX")]
    [InlineData("disk.avhdx", "a VHDX")]
    public void What_is_named_as_an_image_and_is_none_is_refused_rather_than_read_as_raw(string name, string kind)
    {
        foreach (int size in (int[])[0, 100, 65_536])
        {
            string path = folder.File(name, new byte[size]);
            DiskImageException e = Assert.Throws<DiskImageException>(() => DiskImage.Open(path));
            Assert.Equal(
                $"'{path}' is named as {kind} and is none, perhaps damaged or cut off; give a raw image another name.",
                e.Message);
        }
    }

    [Fact]
    public void A_vhd_is_one_by_what_it_holds_whatever_its_name()
    {
        byte[] content = new byte[4096];
        new Random(1).NextBytes(content);
        string path = folder.File("disk.img", VhdBuilder.FixedOf(content, Guid.Empty));
        using IDisk disk = DiskImage.Open(path);
        Assert.Equal(content.Length, disk.VirtualSizeBytes);
        Assert.Equal("disk", DiskImage.NameOf(path));
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
