using HyperVBackup.Testing.Images;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.RealParts.Images;

/// <summary>The makers and judges of images do what the tests that build on them take for granted.</summary>
public sealed class SampleDiskTests : IDisposable
{
    private const long SizeBytes = 48L * 1024 * 1024;
    private readonly TestFolder folder = new();

    public static TheoryData<string, ImageKind> Kinds => new()
    {
        { "ext4", ImageKind.Raw },
        { "ext4", ImageKind.DynamicVhdx(1) },
        { "ntfs", ImageKind.DynamicVhdx(32) },
        { "partitioned", ImageKind.FixedVhdx },
    };

    public void Dispose() => folder.Dispose();

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_sample_disk_is_sound_in_every_generation_and_its_ranges_are_exact(string fileSystem, ImageKind kind)
    {
        var disk = new SampleDisk(folder, "disk", Made(fileSystem), kind, SizeBytes, seed: 7);
        IReadOnlyList<(long OffsetBytes, long LengthBytes)> ranges = disk.Change(seed: 11);

        disk.RequireHolds(1, disk.ImagePath, disk.Format);
        disk.RequireSoundFileSystem(disk.RawPath(0));
        disk.RequireSoundFileSystem(disk.RawPath(1));
        Assert.NotEmpty(ranges);
        Assert.InRange(ranges.Sum(r => r.LengthBytes), 4096, SizeBytes / 8);
        string rebuilt = folder.File("rebuilt.raw");
        RawImage.Copy(disk.RawPath(0), rebuilt);
        foreach ((long offsetBytes, long lengthBytes) in ranges)
        {
            byte[] bytes = RawImage.Read(disk.RawPath(1), offsetBytes, (int)lengthBytes);
            RawImage.Write(rebuilt, offsetBytes, bytes);
        }
        disk.RequireHolds(1, rebuilt, "raw");
    }

    [Fact]
    public void The_judges_refuse_another_generation_another_size_and_a_damaged_file_system()
    {
        var disk = new SampleDisk(folder, "disk", new Ext4(), ImageKind.DynamicVhdx(1), SizeBytes, seed: 1);
        disk.Overwrite(4096, new byte[65536]);

        Assert.Throws<ToolException>(() => disk.RequireHolds(0, disk.ImagePath, disk.Format));
        Assert.Throws<ToolException>(() => disk.RequireSoundFileSystem(disk.RawPath(1)));
        string longer = folder.File("longer.raw");
        RawImage.Create(longer, SizeBytes + 4096);
        RawImage.CopyRange(disk.RawPath(1), 0, longer, 0, SizeBytes);
        Assert.Throws<ToolException>(() => disk.RequireHolds(1, longer, "raw"));
    }

    [Fact]
    public void Damage_to_an_NTFS_is_seen()
    {
        string path = folder.File("ntfs.raw");
        var ntfs = new Ntfs();
        ntfs.Create(path, SizeBytes, seed: 3);
        ntfs.RequireSound(path);
        RawImage.Write(path, 0, new byte[512]);

        Assert.Throws<ToolException>(() => ntfs.RequireSound(path));
    }

    [Fact]
    public void The_other_readers_of_VHDX_read_the_same_bytes()
    {
        var disk = new SampleDisk(folder, "disk", new Ext4(), ImageKind.DynamicVhdx(2), SizeBytes, seed: 5);
        disk.RequireHolds(0, SevenZip.Extract(disk.ImagePath, folder), "raw");
        using var mount = new VhdiMount(disk.ImagePath);

        Assert.Empty(RawImage.Differences(disk.RawPath(0), mount.RawPath));
    }

    [Fact]
    public void Differences_are_merged_and_cut_at_the_end()
    {
        (string old, string changed) = (folder.File("old"), folder.File("changed"));
        RawImage.Create(old, 20_000);
        RawImage.Copy(old, changed);
        RawImage.Write(changed, 4095, [1, 1]);
        RawImage.Write(changed, 19_999, [1]);

        Assert.Equal([(0, 8192), (16384, 3616)], RawImage.Differences(old, changed));
    }

    [Fact]
    public void A_missing_program_is_named_with_its_package()
    {
        var error = Assert.Throws<ToolException>(() => Tool.Run("no-such-program"));

        Assert.Contains("'no-such-program' is missing", error.Message, StringComparison.Ordinal);
    }

    private static IFileSystem Made(string name) => name switch
    {
        "ext4" => new Ext4(),
        "ntfs" => new Ntfs(),
        _ => new Partitioned(),
    };
}
