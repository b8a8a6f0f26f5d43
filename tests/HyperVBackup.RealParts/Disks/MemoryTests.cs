using System.Globalization;
using HyperVBackup.RealParts.Runs;
using HyperVBackup.Testing.Images;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.RealParts.Disks;

/// <summary>Peak memory of the process, as GNU time counts it.</summary>
public sealed class MemoryTests : IDisposable
{
    private const int PeakMiB = 512;
    private const long LargeBytes = 16_000_000_000_000;
    private const int RangeCount = 2_000_000;
    private readonly TestFolder folder = new();
    private readonly Hvbackup hvbackup;

    public MemoryTests()
    {
        hvbackup = new Hvbackup(folder.File("repository"), folder.File("state"));
        hvbackup.Json("init");
    }

    public static TheoryData<ImageKind> Kinds => [ImageKind.DynamicVhdx(1), ImageKind.Raw];

    public void Dispose() => folder.Dispose();

    [Theory]
    [MemberData(nameof(Kinds))]
    public void An_almost_empty_disk_of_16_TB_is_backed_up_and_restored_in_little_memory(ImageKind kind)
    {
        string image = folder.File("disk.image");
        QemuImage.Create(image, kind, LargeBytes);
        Tool.Run(
            "qemu-io", "-f", kind.Format, "-t", "unsafe", "-c", "write -q -P 7 4096 1M",
            "-c", "write -q -P 9 7T 4k", image);
        hvbackup.RunWithin(PeakMiB, "backup", "--vm", "large", "--disk", image);
        hvbackup.RunWithin(PeakMiB, "backup", "--vm", "large", "--disk", image);
        hvbackup.RunWithin(PeakMiB, "restore", "large@latest", "-o", folder.File("restored.vhdx"));
        hvbackup.RunWithin(PeakMiB, "restore", "large@latest", "-o", folder.File("restored.raw"), "--format", "raw");
        Tool.Run(
            "qemu-io", "-r", "-f", "vhdx", "-c", "read -q -P 0 0 4k", "-c", "read -q -P 7 4k 1M",
            "-c", "read -q -P 9 7T 4k", "-c", "read -q -P 0 14000G 1M", folder.File("restored.vhdx"));
        Assert.Equal([7, 7, 7, 7], RawImage.Read(folder.File("restored.raw"), 4096, 4));
        Assert.Equal([0, 9, 9, 9], RawImage.Read(folder.File("restored.raw"), (7L << 40) - 1, 4));
    }

    [Fact]
    public void A_restored_image_does_not_stay_in_the_memory_of_the_system()
    {
        const int SizeMiB = 128;
        string image = folder.File("disk.img");
        string fileSystem = Tool.Run("stat", "--file-system", "--format", "%T", Path.GetDirectoryName(image)!);
        Assert.SkipWhen(fileSystem.StartsWith("tmpfs", StringComparison.Ordinal), "files lie in memory here");
        NoiseDisk.Create(image, SizeMiB << 20, seed: 1);
        hvbackup.Json("backup", "--vm", "noise", "--disk", image);
        foreach (string format in (string[])["raw", "vhdx"])
        {
            string restored = folder.File("restored." + format);
            hvbackup.Json("restore", "noise@latest", "-o", restored, "--format", format);

            string held = Tool.Run("fincore", "--bytes", "--noheadings", "--output", "RES", restored);
            Assert.InRange(long.Parse(held, CultureInfo.InvariantCulture), 0, 1 << 20);
        }
    }

    [Fact]
    public void Two_million_ranges_are_backed_up_in_little_memory()
    {
        string image = folder.File("disk.img");
        QemuImage.Create(image, ImageKind.Raw, LargeBytes);
        RawImage.Write(image, 1 << 20, [1, 2, 3]);
        string changes = folder.File("changes.json");
        RangesText.Write(changes, null, "a", []);
        hvbackup.RunWithin(PeakMiB, "backup", "--vm", "scattered", "--disk", image, "--changes", changes);

        RawImage.Write(image, 1 << 20, [4, 5, 6]);
        RangesText.Write(changes, "a", "b", Enumerable.Range(0, RangeCount).Select(at => (at * (1L << 20), 4096L)));
        hvbackup.RunWithin(
            PeakMiB, "backup", "--vm", "scattered", "--disk", image, "--changes", changes, "--audit", "0");

        hvbackup.RunWithin(PeakMiB, "synthesize", "--vm", "scattered");
        var list = hvbackup.Json("list").GetProperty("restorePoints");
        Assert.Equal(["full", "incremental", "synthetic"], list.EnumerateArray().Select(p =>
            p.GetProperty("kind").GetString()));
    }
}
