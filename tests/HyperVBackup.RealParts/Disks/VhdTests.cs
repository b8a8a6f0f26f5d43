using System.Text.Json;
using HyperVBackup.Disks;
using HyperVBackup.Disks.Vhd;
using HyperVBackup.RealParts.Runs;
using HyperVBackup.Testing.Images;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.RealParts.Disks;

/// <summary>VHDs through the real program: QEMU's, and chains on them that 7-Zip and libvhdi judge.</summary>
public sealed class VhdTests : IDisposable
{
    private const long SizeBytes = (20L << 20) + 512;
    private const long ChainSizeBytes = 40L << 20;
    private const int BlockBytes = 2 << 20;
    private readonly TestFolder folder = new();
    private readonly Hvbackup hvbackup;

    public VhdTests() => hvbackup = new Hvbackup(folder.File("repository"), folder.File("state"));

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_vhd_is_backed_up_compared_verified_and_restored_to_raw_and_vhdx(bool isFixed)
    {
        ImageKind kind = isFixed ? ImageKind.FixedVhd : ImageKind.DynamicVhd;
        SampleDisk disk = new(folder, "disk", new Ext4(), kind, SizeBytes, seed: 31);
        hvbackup.Json("init");
        JsonElement full = hvbackup.Json("backup", "--vm", "vm", "--disk", disk.ImagePath);
        Assert.Equal("full", Disk(full).GetProperty("kind").GetString());
        Assert.Equal("disk", Disk(full).GetProperty("disk").GetString());
        Assert.Equal(SizeBytes, Disk(full).GetProperty("virtualSize").GetInt64());
        Assert.Equal(0, Disk(hvbackup.Json("backup", "--vm", "vm", "--disk", disk.ImagePath))
            .GetProperty("bytesChanged").GetInt64());

        IReadOnlyList<(long OffsetBytes, long LengthBytes)> changed = disk.Change(seed: 1);
        JsonElement second = hvbackup.Json("backup", "--vm", "vm", "--disk", disk.ImagePath);
        JsonElement ranges = hvbackup.Json("diff", Id(full), Id(second))
            .GetProperty("disks")[0].GetProperty("ranges");
        Assert.All(changed, range => Assert.Contains(
            ranges.EnumerateArray(),
            one => one.GetProperty("offset").GetInt64() <= range.OffsetBytes
                && one.GetProperty("offset").GetInt64() + one.GetProperty("length").GetInt64()
                    >= range.OffsetBytes + range.LengthBytes));
        Assert.Equal(0, hvbackup.Json("verify", "--read-data").GetProperty("damage").GetArrayLength());
        RequireRestores(disk, Id(full), generation: 0, "raw");
        RequireRestores(disk, Id(second), generation: 1, "raw");
        RequireRestores(disk, Id(second), generation: 1, "vhdx");
    }

    [Fact]
    public void What_a_child_holds_is_what_changed_since_its_parent_was_backed_up()
    {
        SampleDisk disk = new(folder, "base", new Ext4(), ImageKind.DynamicVhd, ChainSizeBytes, seed: 5);
        string baseCopy = folder.File("generation 0");
        File.Copy(disk.ImagePath, baseCopy);
        IReadOnlyList<(long OffsetBytes, long LengthBytes)> first = disk.Change(seed: 1);
        IReadOnlyList<(long OffsetBytes, long LengthBytes)> second = disk.Change(seed: 2);
        File.Copy(baseCopy, disk.ImagePath, overwrite: true);
        hvbackup.Json("init");
        Backup(disk.ImagePath, null, "a", "full");

        string child = MakeChild("child.avhd", disk.ImagePath, disk.RawPath(1), first);
        string one = Id(Backup(child, "a", "b", "incremental"));
        string grandchild = MakeChild("grandchild.avhd", child, disk.RawPath(2), second);
        string two = Id(Backup(grandchild, "b", "c", "incremental"));

        disk.RequireHolds(2, SevenZip.Extract(grandchild, folder, "VHD"), "raw");
        using (VhdiMount mount = new(grandchild, imageCount: 3))
        {
            Assert.Empty(RawImage.Differences(disk.RawPath(2), mount.RawPath));
        }

        RequireRestores(disk, one, generation: 1, "raw");
        RequireRestores(disk, two, generation: 2, "vhdx");
        JsonElement compared = Disk(hvbackup.Json("backup", "--vm", "vm", "--disk", grandchild));
        Assert.Equal("base", compared.GetProperty("disk").GetString());
        Assert.Equal(0, compared.GetProperty("bytesChanged").GetInt64());
    }

    private static JsonElement Disk(JsonElement result) => result.GetProperty("disks")[0];

    private static string Id(JsonElement result) => result.GetProperty("restorePoint").GetString()!;

    /// <summary>Backs up with the ranges that the image says by itself as its changes.</summary>
    private JsonElement Backup(string image, string? since, string id, string kind)
    {
        string changes = folder.File("changes.json");
        using (VhdDisk disk = VhdDisk.Open(image))
        {
            IEnumerable<ByteRange> own = disk.HasParent ? disk.OwnRanges(new ByteRange(0, ChainSizeBytes)) : [];
            RangesText.Write(changes, since, id, own.Select(range => (range.StartBytes, range.LengthBytes)));
        }

        JsonElement result = hvbackup.Json("backup", "--vm", "vm", "--disk", image, "--changes", changes);
        Assert.Equal(kind, Disk(result).GetProperty("kind").GetString());
        return result;
    }

    private void RequireRestores(SampleDisk disk, string point, int generation, string format)
    {
        string output = folder.File($"restored-{generation}.{format}");
        hvbackup.Json("restore", point, "--output", output, "--format", format);
        disk.RequireHolds(generation, output, format);
    }

    /// <summary>Makes a child that holds only the sectors that changed, as a checkpoint's disk does.</summary>
    private string MakeChild(
        string name, string parentPath, string rawPath, IReadOnlyList<(long OffsetBytes, long LengthBytes)> changed)
    {
        using VhdDisk parent = VhdDisk.Open(parentPath);
        string parentName = Path.GetFileName(parentPath);
        VhdBuilder builder = new VhdBuilder(ChainSizeBytes, BlockBytes, new Guid(name.Length, 1, 2, new byte[8]))
            .On(parent.Id, parentName).At("W2ru", @".\" + parentName).At("W2ku", @"C:\vms\" + parentName);
        foreach ((long offsetBytes, long lengthBytes) in changed)
        {
            builder.Write(offsetBytes, RawImage.Read(rawPath, offsetBytes, (int)lengthBytes));
        }

        string path = folder.File(name);
        File.WriteAllBytes(path, builder.Build());
        return path;
    }
}
