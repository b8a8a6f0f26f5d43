using FsCheck.Xunit;
using HyperVBackup.Disks.Vhdx;
using HyperVBackup.Testing.Images;
using Xunit;
using static HyperVBackup.Disks.Tests.Vhdx.VhdxFixture;

namespace HyperVBackup.Disks.Tests.Vhdx;

public sealed class DifferencingTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(512)]
    [InlineData(4096)]
    public void A_chain_reads_as_7_Zip_reads_it(int sectorSize)
    {
        byte[] expected = Model(seed: 11, sectorSize, out string childPath, isForSevenZip: true);
        Assert.Equal(expected, ReadAll(childPath));
        string output = folder.File("out");
        Tool.SevenZip("e", "-tvhdx", "-y", $"-o{output}", childPath);
        Assert.Equal(expected, File.ReadAllBytes(Directory.GetFiles(output).Single()));
    }

    [Property(MaxTest = 12)]
    public void Any_chain_reads_as_a_byte_array_model_of_it(int seed)
    {
        byte[] expected = Model(seed, seed % 2 == 0 ? 512 : 4096, out string childPath, isForSevenZip: false);
        Assert.Equal(expected, ReadAll(childPath));
        using IDisk disk = DiskImage.Open(childPath);
        Random random = new(seed);
        for (int i = 0; i < 20; i++)
        {
            int at = random.Next(expected.Length);
            byte[] some = new byte[random.Next(Math.Min(expected.Length - at, 3 * MiB))];
            disk.Read(at, some);
            Assert.Equal(expected[at..(at + some.Length)], some);
        }
    }

    [Theory]
    [InlineData(ParentLocator.RelativePath, @".\sub\..\base.vhdx")]
    [InlineData(ParentLocator.RelativePath, "base.vhdx")]
    [InlineData(ParentLocator.AbsolutePath, @"\\?\C:\disks\base.vhdx")]
    [InlineData(ParentLocator.VolumePath, @"\\?\Volume{26a21bda-a627-11d7-9931-806e6f6e6963}\base.vhdx")]
    public void A_parent_is_found_by_its_path_or_beside_its_child(string key, string value)
    {
        string child = Child(out byte[] expected, (key, value));
        Assert.Equal(expected, ReadAll(child));
    }

    [Fact]
    public void A_parent_is_found_at_its_absolute_path_when_the_relative_one_is_stale()
    {
        string child = Child(
            out byte[] expected,
            (ParentLocator.RelativePath, @"..\gone\other.vhdx"),
            (ParentLocator.AbsolutePath, folder.File("base.vhdx")));
        Assert.Equal(expected, ReadAll(child));
    }

    [Fact]
    public void The_second_linkage_is_as_good_as_the_first()
    {
        string child = Child(
            out byte[] expected,
            (ParentLocator.RelativePath, "base.vhdx"),
            (ParentLocator.Linkage, Guid.Empty.ToString("B")),
            (ParentLocator.SecondLinkage, "{LINKAGE}"));
        Assert.Equal(expected, ReadAll(child));
    }

    [Theory]
    [InlineData("names another parent than", ParentLocator.Linkage, "{00000000-0000-4000-8000-000000000001}")]
    [InlineData("as something that is no id", ParentLocator.Linkage, "base")]
    [InlineData("names a parent that is at none of", ParentLocator.RelativePath, "gone.vhdx")]
    [InlineData("which builds on this image itself", ParentLocator.RelativePath, "child.avhdx")]
    public void A_child_whose_parent_is_not_its_parent_is_refused(string phrase, string key, string value)
    {
        string child = Child(out _, (ParentLocator.RelativePath, "base.vhdx"), (key, value));
        DiskImageException e = Assert.Throws<DiskImageException>(() => DiskImage.Open(child));
        Assert.Contains(phrase, e.Message, StringComparison.Ordinal);
        Assert.Contains($"parent locator at offset 2166784 of '{child}'", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_chain_longer_than_the_limit_is_refused()
    {
        Write(folder.File("0.vhdx"), Options(MiB));
        Guid parentId = DataWriteId(folder.File("0.vhdx"));
        for (int depth = 1; depth <= ParentPath.ChainDepthMax; depth++)
        {
            DifferencingImage image = new(MiB, MiB, 512)
            {
                DataWriteId = new Guid(depth, 0, 0, new byte[8]),
                Locator =
                {
                    [ParentLocator.Linkage] = parentId.ToString("B"),
                    [ParentLocator.RelativePath] = $"{depth - 1}.vhdx",
                },
            };
            parentId = image.DataWriteId;
            folder.File($"{depth}.vhdx", image.Build());
        }
        Assert.Equal(new byte[MiB], ReadAll(folder.File($"{ParentPath.ChainDepthMax - 1}.vhdx")));
        DiskImageException e = Assert.Throws<DiskImageException>(
            () => DiskImage.Open(folder.File($"{ParentPath.ChainDepthMax}.vhdx")));
        Assert.Contains("a chain of more than 64 images", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_child_that_has_grown_is_zero_beyond_its_parent()
    {
        byte[] data = RandomBytes(MiB + 512, 5);
        Write(folder.File("base.vhdx"), Options(MiB + 512), (0, data));
        DifferencingImage child = new(4 * MiB, 2 * MiB, 512)
        {
            Locator =
            {
                [ParentLocator.Linkage] = DataWriteId(folder.File("base.vhdx")).ToString("B"),
                [ParentLocator.RelativePath] = "base.vhdx",
            },
        };
        byte[] expected = new byte[4 * MiB];
        data.CopyTo(expected, 0);
        Assert.Equal(expected, ReadAll(folder.File("child.avhdx", child.Build())));
    }

    [Fact]
    public void A_partly_present_block_without_a_sector_bitmap_is_refused()
    {
        Write(folder.File("base.vhdx"), Options(4 * MiB));
        DifferencingImage image = new(4 * MiB, MiB, 512)
        {
            Locator =
            {
                [ParentLocator.Linkage] = DataWriteId(folder.File("base.vhdx")).ToString("B"),
                [ParentLocator.RelativePath] = "base.vhdx",
            },
        };
        image.PutSectors(1, new byte[MiB], sector => sector == 0);
        byte[] bytes = image.Build();
        long bitmapEntry = new BatLayout(4 * MiB, MiB, 512, hasParent: true).EntryOfBitmap(0);
        bytes.AsSpan((int)((3 * MiB) + (bitmapEntry * 8)), 8).Clear();
        using IDisk disk = DiskImage.Open(folder.File("child.avhdx", bytes));
        DiskImageException e = Assert.Throws<DiskImageException>(() => disk.Read(MiB, new byte[512]));
        Assert.Contains("has no sector bitmap, but block 1", e.Message, StringComparison.Ordinal);
        Assert.Throws<DiskImageException>(() => disk.AllocatedRanges(new ByteRange(0, 4 * MiB)).Count());
    }

    private string Child(out byte[] expected, params (string Key, string Value)[] locator)
    {
        byte[] data = RandomBytes(2 * MiB, 6);
        Write(folder.File("base.vhdx"), Options(4 * MiB), (MiB, data));
        string linkage = DataWriteId(folder.File("base.vhdx")).ToString("B");
        DifferencingImage image = new(4 * MiB, MiB, 512) { Locator = { [ParentLocator.Linkage] = linkage } };
        image.PutBlock(1, RandomBytes(MiB, 7));
        foreach ((string key, string value) in locator)
        {
            image.Locator[key] = value.Replace("{LINKAGE}", linkage, StringComparison.Ordinal);
        }
        expected = new byte[4 * MiB];
        data.CopyTo(expected, MiB);
        RandomBytes(MiB, 7).CopyTo(expected, MiB);
        return folder.File("child.avhdx", image.Build());
    }

    /// <summary>A base and two children on it with blocks in random states, and what they must read as.</summary>
    private byte[] Model(int seed, int sectorSize, out string childPath, bool isForSevenZip)
    {
        Random random = new(seed);
        int blockSize = MiB << random.Next(2);
        int size = (4 * blockSize) + (random.Next(200) * 4096);
        byte[] model = new byte[size];
        byte[] data = RandomBytes(size / 2, seed);
        data.CopyTo(model, 12_345);
        string basePath = folder.File($"base{seed}.vhdx");
        File.Delete(basePath);
        Write(basePath, Options(size, MiB) with { LogicalSectorSizeBytes = sectorSize }, (12_345, data));
        childPath = basePath;
        for (int depth = 1; depth <= 2; depth++)
        {
            DifferencingImage image = new(size, blockSize, sectorSize)
            {
                DataWriteId = new Guid(seed, (short)depth, 0, new byte[8]),
                Locator =
                {
                    [ParentLocator.Linkage] = DataWriteId(childPath).ToString("B"),
                    [ParentLocator.RelativePath] = @".\" + Path.GetFileName(childPath),
                },
            };
            for (int block = 0; block * blockSize < size; block++)
            {
                PutRandomBlock(image, block, blockSize, sectorSize, model, random, isForSevenZip);
            }
            childPath = folder.File($"child{seed}-{depth}.avhdx", image.Build());
        }
        return model;
    }

    private static void PutRandomBlock(
        DifferencingImage image,
        int block,
        int blockSize,
        int sectorSize,
        byte[] model,
        Random random,
        bool isForSevenZip)
    {
        Span<byte> place = model.AsSpan(block * blockSize);
        place = place[..Math.Min(place.Length, blockSize)];
        byte[] data = RandomBytes(blockSize, random.Next());
        switch (random.Next(isForSevenZip ? 4 : 6))
        {
            case 0:
                break;
            case 1:
                image.PutBlock(block, data);
                data.AsSpan(0, place.Length).CopyTo(place);
                break;
            case 2 or 3:
                int period = 1 + random.Next(40);
                bool IsPresent(int sector) => sector / period % 2 == 0;
                image.PutSectors(block, data, IsPresent);
                for (int at = 0; at < place.Length; at++)
                {
                    place[at] = IsPresent(at / sectorSize) ? data[at] : place[at];
                }
                break;
            default:
                image.Mark(block, (BlockState)(1 + random.Next(3)));
                place.Clear();
                break;
        }
    }

    private static Guid DataWriteId(string path)
    {
        using VhdxDisk disk = VhdxDisk.Open(path);
        return disk.DataWriteGuid;
    }
}
