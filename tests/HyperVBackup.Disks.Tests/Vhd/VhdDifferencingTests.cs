using HyperVBackup.Disks.Vhd;
using HyperVBackup.Testing.Images;
using Xunit;
using static HyperVBackup.Disks.Tests.Vhd.VhdFixture;

namespace HyperVBackup.Disks.Tests.Vhd;

/// <summary>Whose child an image is, and where the parent is found.</summary>
public sealed class VhdDifferencingTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("W2ru", @".\sub\..\base.vhd", "nothing.vhd")]
    [InlineData("W2ru", "base.vhd", "nothing.vhd")]
    [InlineData("W2ru", "base.vhd\0base2.vhd", "nothing.vhd")]
    [InlineData("W2ku", @"C:\disks\base.vhd", "nothing.vhd")]
    [InlineData("W2ku", @"\\?\Volume{26a21bda-a627-11d7-9931-806e6f6e6963}\base.vhd", "nothing.vhd")]
    [InlineData("W2ru", @"..\gone\other.vhd", "base.vhd")]
    [InlineData(null, null, "base.vhd")]
    [InlineData(null, null, @"D:\VMs\base.vhd")]
    public void A_parent_is_found_by_its_paths_or_beside_its_child(string? platform, string? path, string name)
    {
        string child = Child(out byte[] expected, builder => platform is null
            ? builder.On(ParentId, name)
            : builder.On(ParentId, name).At(platform, path!));
        Assert.Equal(expected, Traverse(child));
        Assert.Equal("base", DiskImage.NameOf(child));
    }

    [Fact]
    public void A_parent_is_found_at_its_absolute_path_when_the_relative_one_is_stale()
    {
        string child = Child(out byte[] expected, builder => builder
            .On(ParentId, "nothing.vhd").At("W2ru", @"..\gone\other.vhd").At("W2ku", folder.File("base.vhd")));
        Assert.Equal(expected, Traverse(child));
    }

    [Fact]
    public void A_child_has_the_identity_of_its_base()
    {
        string child = Child(out _, builder => builder.On(ParentId, "base.vhd"));
        using VhdDisk disk = VhdDisk.Open(child);
        Assert.Equal((Id, ParentId.ToString("D")), (disk.Id, disk.Identity));
        Assert.True(disk.HasParent);
        Assert.Equal(folder.File("base.vhd"), disk.BasePath);
    }

    [Theory]
    [InlineData("names another parent than", "base.vhd", 1)]
    [InlineData("names a parent that is at none of", "gone.vhd", 0)]
    [InlineData("which builds on this image itself", "child.avhd", 0)]
    public void A_child_whose_parent_is_not_its_parent_is_refused(string phrase, string name, int idChange)
    {
        byte[] id = ParentId.ToByteArray();
        id[15] ^= (byte)idChange;
        string child = Child(out _, builder => builder.On(new Guid(id), name));
        DiskImageException e = Assert.Throws<DiskImageException>(() => DiskImage.Open(child));
        Assert.Contains(phrase, e.Message, StringComparison.Ordinal);
        Assert.Contains($"dynamic header at offset 512 of '{child}'", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_images_that_name_each_other_are_refused()
    {
        folder.File("base.vhd", new VhdBuilder(SizeBytes, BlockSize, ParentId).On(Id, "child.avhd").Build());
        byte[] child = Builder(new byte[SizeBytes]).On(ParentId, "base.vhd").Build();
        DiskImageException e = Assert.Throws<DiskImageException>(
            () => DiskImage.Open(folder.File("child.avhd", child)));
        Assert.Contains("which builds on this image itself", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_parent_that_is_no_vhd_is_refused()
    {
        string child = Child(out _, builder => builder.On(ParentId, "base.vhd"));
        string parent = folder.File("base.vhd", new byte[SizeBytes]);
        DiskImageException e = Assert.Throws<DiskImageException>(() => DiskImage.Open(child));
        Assert.Contains($"of '{parent}' has a wrong signature or checksum", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_chain_longer_than_the_limit_is_refused()
    {
        folder.File("0.vhd", VhdBuilder.FixedOf(new byte[SizeBytes], new Guid(0, 0, 1, new byte[8])));
        for (int depth = 1; depth <= ParentPath.ChainDepthMax; depth++)
        {
            VhdBuilder builder = new VhdBuilder(SizeBytes, BlockSize, new Guid(depth, 0, 1, new byte[8]))
                .On(new Guid(depth - 1, 0, 1, new byte[8]), $"{depth - 1}.vhd");
            folder.File($"{depth}.vhd", builder.Build());
        }

        Assert.Equal(new byte[SizeBytes], Traverse(folder.File($"{ParentPath.ChainDepthMax - 1}.vhd")));
        DiskImageException e = Assert.Throws<DiskImageException>(
            () => DiskImage.Open(folder.File($"{ParentPath.ChainDepthMax}.vhd")));
        Assert.Contains("a chain of more than 64 images", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_child_that_has_grown_is_zero_beyond_its_parent()
    {
        byte[] parent = new byte[BlockSize + 512];
        new Random(5).NextBytes(parent);
        folder.File("base.vhd", VhdBuilder.FixedOf(parent, ParentId));
        byte[] expected = [.. parent, .. new byte[SizeBytes - parent.Length]];
        VhdBuilder child = new VhdBuilder(SizeBytes, 4 * BlockSize, Id).On(ParentId, "base.vhd");
        Assert.Equal(expected, Traverse(folder.File("child.avhd", child.Build())));
    }

    /// <summary>A fixed base and a child on it.</summary>
    private string Child(out byte[] expected, Func<VhdBuilder, VhdBuilder> on)
    {
        byte[] parent = new byte[SizeBytes];
        new Random(6).NextBytes(parent);
        folder.File("base.vhd", VhdBuilder.FixedOf(parent, ParentId));
        byte[] own = new byte[SizeBytes];
        string child = folder.File("child.avhd", on(Builder(own)).Build());
        expected = parent;
        foreach ((int at, int length) in ((int, int)[])[(8 * KiB, 4 * KiB), (0, 4 * KiB), ((37 * KiB) + 512, 512)])
        {
            own.AsSpan(at, length).CopyTo(expected.AsSpan(at));
        }

        return child;
    }
}
