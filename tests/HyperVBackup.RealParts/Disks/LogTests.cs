using System.Globalization;
using HyperVBackup.RealParts.Runs;
using HyperVBackup.Testing.Images;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.RealParts.Disks;

/// <summary>Images whose writer was killed, so that their log is to be replayed.</summary>
public sealed class LogTests : IDisposable
{
    private const int AttemptCountMax = 40;
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_disk_with_a_log_is_backed_up_as_QEMU_replays_it_and_stays_as_it_is()
    {
        string image = folder.File("disk.vhdx");
        int attempt = 0;
        do
        {
            Assert.True(attempt < AttemptCountMax, "no writer was killed with something in its log");
            KillWriterAtFlush(image, flush: 8 - (attempt++ % 4));
        }
        while (!NeedsReplay(image));
        byte[] before = File.ReadAllBytes(image);
        Hvbackup hvbackup = new(folder.File("repository"), folder.File("state"));
        hvbackup.Json("init");

        string point = hvbackup.Json("backup", "--vm", "crashed", "--disk", image)
            .GetProperty("restorePoint").GetString()!;
        string restored = folder.File("restored.vhdx");
        hvbackup.Json("restore", point, "-o", restored);

        Assert.Equal(before, File.ReadAllBytes(image));
        Tool.Run("qemu-img", "check", "-q", "-r", "all", image);
        QemuImage.RequireSame(image, "vhdx", restored, "vhdx");
        QemuImage.RequireSound(restored, "vhdx");
    }

    private static bool NeedsReplay(string path)
    {
        ToolResult result = Tool.Try("qemu-io", "-r", "-f", "vhdx", "-c", "read 0 512", path);
        return (result.Output + result.Errors).Contains("log that needs to be replayed", StringComparison.Ordinal);
    }

    private void KillWriterAtFlush(string path, int flush)
    {
        File.Delete(path);
        QemuImage.Create(path, ImageKind.DynamicVhdx(1), 64L << 20);
        string inject = string.Create(CultureInfo.InvariantCulture, $"inject=fdatasync,fsync:signal=KILL:when={flush}");
        Tool.Try(
            "strace", "-f", "-P", path, "-e", "trace=fdatasync,fsync", "-e", inject, "-o", folder.File("trace"),
            "qemu-io", "-t", "writeback", "--image-opts",
            $"driver=vhdx,file.driver=file,file.aio=threads,file.filename={path}",
            "-c", "write -P 0x5a 0 1M", "-c", "write -P 0x6b 8M 512k", "-c", "write -P 0x7c 9M 4M");
    }
}
