using System.Text.Json;
using HyperVBackup.RealParts.Runs;
using HyperVBackup.Testing.Images;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.RealParts.Failures;

/// <summary>The system refuses what the real process asks of it.</summary>
public sealed class SystemFailureTests : IDisposable
{
    private const int MiB = 1 << 20;
    private readonly TestFolder folder = new();
    private readonly Hvbackup hvbackup;

    public SystemFailureTests() => hvbackup = new Hvbackup(folder.File("repository"), folder.File("state"));

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_flush_that_fails_is_noticed_and_nothing_is_published()
    {
        string image = folder.File("disk.img");
        NoiseDisk.Create(image, 2 * MiB, seed: 1);
        hvbackup.Json("init");
        int failedCount = 0;
        foreach (string when in new[] { "1+", "1", "2", "3", "2+" })
        {
            int before = PointCount();
            string inject = $"inject=fsync,fdatasync:error=EIO:when={when}";
            ToolResult result = hvbackup.TryTraced(
                ["-o", "/dev/null", "-e", "trace=fsync,fdatasync", "-e", inject],
                "backup", "--vm", "vm", "--disk", image, "--full");
            Assert.Equal(before + (result.ExitCode == 0 ? 1 : 0), PointCount());
            if (result.ExitCode != 0)
            {
                RequireOneSentence(result);
                failedCount++;
            }
        }

        Assert.InRange(failedCount, 2, 5);
        RequireGoodBackup(image);
    }

    [Fact]
    public void A_full_repository_fails_the_backup_and_the_next_one_that_fits_is_good()
    {
        using SmallFileSystem small = new(folder.File("small"), sizeMiB: 4);
        Hvbackup onSmall = new(Path.Join(small.Path, "repository"), folder.File("state"));
        string large = folder.File("large.img");
        NoiseDisk.Create(large, 16 * MiB, seed: 2);
        onSmall.Json("init");

        ToolResult result = onSmall.Try("backup", "--vm", "vm", "--disk", large);

        Assert.Equal(1, result.ExitCode);
        RequireOneSentence(result);
        Assert.Contains("space", result.Errors, StringComparison.OrdinalIgnoreCase);
        string fitting = folder.File("fitting.img");
        NoiseDisk.Create(fitting, MiB, seed: 3);
        onSmall.Json("backup", "--vm", "vm", "--disk", fitting);
        Assert.Empty(onSmall.Json("verify", "--read-data").GetProperty("damage").EnumerateArray());
        Assert.Single(onSmall.Json("list").GetProperty("restorePoints").EnumerateArray());
    }

    [Theory]
    [InlineData("vhdx")]
    [InlineData("vhdx-fixed")]
    [InlineData("raw")]
    public void A_full_target_fails_the_restore_and_leaves_nothing(string format)
    {
        using SmallFileSystem small = new(folder.File("small"), sizeMiB: 4);
        string image = folder.File("disk.img");
        NoiseDisk.Create(image, 12 * MiB, seed: 4);
        hvbackup.Json("init");
        hvbackup.Json("backup", "--vm", "vm", "--disk", image);

        ToolResult result = hvbackup.Try(
            "restore", "vm@latest", "-o", Path.Join(small.Path, "restored"), "--format", format);

        Assert.Equal(1, result.ExitCode);
        RequireOneSentence(result);
        Assert.Empty(Directory.EnumerateFileSystemEntries(small.Path));
        hvbackup.Json("restore", "vm@latest", "-o", folder.File("restored"), "--format", format);
        QemuImage.RequireSame(image, "raw", folder.File("restored"), format == "raw" ? "raw" : "vhdx");
    }

    [Fact]
    public void A_disk_that_cannot_be_read_fails_the_backup()
    {
        string image = folder.File("disk.img");
        NoiseDisk.Create(image, 4 * MiB, seed: 5);
        hvbackup.Json("init");
        ToolResult result = hvbackup.TryTraced(
            ["-o", "/dev/null", "-P", image, "-e", "trace=pread64", "-e", "inject=pread64:error=EIO:when=3+"],
            "backup", "--vm", "vm", "--disk", image);

        Assert.Equal(1, result.ExitCode);
        RequireOneSentence(result);
        Assert.Contains(image, result.Errors, StringComparison.Ordinal);
        Assert.Equal(0, PointCount());
        RequireGoodBackup(image);
    }

    private static void RequireOneSentence(ToolResult result)
    {
        Assert.Equal(1, result.ExitCode);
        string line = Assert.Single(
            result.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries),
            said => !said.StartsWith("hvbackup: warning: ", StringComparison.Ordinal));
        Assert.StartsWith("hvbackup: ", line, StringComparison.Ordinal);
        Assert.DoesNotContain("should not happen", line, StringComparison.Ordinal);
        Assert.Empty(result.Output);
    }

    private int PointCount() => hvbackup.Json("list").GetProperty("restorePoints").GetArrayLength();

    private void RequireGoodBackup(string image)
    {
        JsonElement said = hvbackup.Json("backup", "--vm", "vm", "--disk", image);
        string point = said.GetProperty("restorePoint").GetString()!;
        hvbackup.Json("restore", point, "-o", folder.File("restored.raw"), "--format", "raw");
        Assert.Empty(RawImage.Differences(image, folder.File("restored.raw")));
        Assert.Empty(hvbackup.Json("verify", "--read-data").GetProperty("damage").EnumerateArray());
        string temporary = Path.Join(hvbackup.RepositoryPath, ".tmp");
        Assert.True(!Directory.Exists(temporary) || !Directory.EnumerateFiles(temporary).Any(), "temporaries are left");
    }
}
